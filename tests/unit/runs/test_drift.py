"""What is drift of a product, what is not, and what is said of it."""

import numpy as np

from echo_agent.memory.memory import Memory
from echo_agent.runs.drift import DriftWatch
from echo_agent.state import ImageQuality, ProductMatch, ReferenceEvidence
from tests.inspection import an_image
from tests.stand_in_encoder import StandInEncoder
from tests.verdicts import a_verdict


def watched(good_parts, folder) -> DriftWatch:
    memory = Memory.open(folder, encoder=StandInEncoder(), create=True)
    memory.register("plate", good_parts)
    return DriftWatch(memory)


def verdict(score=1.0, likeness=0.98, label="normal", version=1, **measured):
    evidence = ReferenceEvidence(
        product="plate",
        product_given=True,
        matches=(ProductMatch(product="plate", similarity=likeness, resembles=True),),
        memory_version=version,
        score=score,
        threshold=1.4,
        quality=ImageQuality(measured=measured),
    )
    return a_verdict(label, **dict.fromkeys(("regions",), ())).model_copy(update={"evidence": evidence})


def scores(shift, parts=80):
    generator = np.random.default_rng(0)
    return [
        value + (shift if part >= 40 else 0) for part, value in enumerate(generator.normal(1, 0.1, parts))
    ]


def test_good_parts_that_look_otherwise_are_another_lot(good_parts, tmp_path):
    watch = watched(good_parts, tmp_path)
    for score in scores(0.5):
        watch.add(an_image(), verdict(score))
    (drift,) = watch.alarms
    assert drift.part > 40
    assert "good parts differ more from the references: score 1.4" in drift.what
    assert "another lot" in drift.cause


def test_more_defective_parts_are_no_drift(good_parts, tmp_path):
    watch = watched(good_parts, tmp_path)
    for score in scores(0.5):
        watch.add(an_image(), verdict(score, label="defective" if score > 1.3 else "normal"))
    assert not watch.alarms


def test_a_blurred_photograph_counts_whatever_the_label(good_parts, tmp_path):
    watch = watched(good_parts, tmp_path)
    for part, noise in enumerate(np.random.default_rng(1).normal(0, 0.05, 80)):
        watch.add(an_image(), verdict(label="review", sharpness=noise - (0.5 if part >= 40 else 0)))
    (drift,) = watch.alarms
    assert drift.what.startswith("the photographs are blurred: fine to coarse detail 0.7")
    assert "focus" in drift.cause


def test_a_new_version_begins_anew(good_parts, tmp_path):
    watch = watched(good_parts, tmp_path)
    for part, score in enumerate(scores(0.5)):
        watch.add(an_image(), verdict(score, version=1 if part < 40 else 2))
    assert not watch.alarms
    assert watch.statistics().keys() == {"plate"}
