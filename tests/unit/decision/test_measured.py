import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.decision.measured import decide_measured
from echo_agent.memory import calibration
from echo_agent.memory.calibration import defective_probability
from echo_agent.state import Guarantee, ImageQuality, ProductMatch, Reason, VerdictEffect
from echo_agent.strictness import Strictness
from tests.inspection import some_evidence
from tests.verdicts import a_region

FEW = Guarantee(normals=4, expected_false_reject=0.2, bound_95=0.5, normals_missing=5)
NONE = {"threshold": None, "p_value": None, "tail_p_value": None}
STANDS_OUT = {"score": 3.0, "p_value": 0.05, "tail_p_value": 0.001}
STRANGE = (
    ProductMatch(product="stripes", similarity=0.9, resembles=True),
    ProductMatch(product="plate", similarity=0.2, resembles=False),
)


def decide(evidence, *, max_false_reject=0.1, min_confidence=0.55, effect=None):
    strictness = Strictness(max_false_reject=max_false_reject, min_confidence=min_confidence)
    evidence = evidence.model_copy(update={"strictness": strictness})
    return decide_measured(evidence, number=1, changed="first look", effect=effect)


@pytest.mark.parametrize(
    ("changes", "label", "reason"),
    [
        ({}, "normal", "looks like its references"),
        ({"score": 3.0, "p_value": 0.05, "tail_p_value": 0.001}, "defective", "threshold 1.40"),
        ({"score": 1.3, "p_value": 0.12, "tail_p_value": 0.12}, "review", "close to the threshold"),
        ({"score": 3.0, "p_value": 0.2, "tail_p_value": 0.01, "guarantee": FEW}, "review", "5 more normal"),
        (
            STANDS_OUT | {"p_value": 0.2, "guarantee": FEW, "joint": True},
            "defective",
            "Two encoders.*5 more normal",
        ),
        (
            {"score": 1.5 * 1.4, "p_value": 0.2, "tail_p_value": 0.01, "guarantee": FEW, "joint": True},
            "review",
            "5 more normal",
        ),
        ({"product": None, "matches": STRANGE}, "review", "Unknown product"),
        ({"matches": STRANGE}, "review", "does not resemble plate.*nearer to stripes"),
        (
            {"score": 3.0, "p_value": 0.05, "tail_p_value": 0.001, "matches": STRANGE},
            "review",
            "does not resemble",
        ),
        ({"pass_threshold": 0.2}, "review", "not below 0.20.*defects like the confirmed ones"),
        ({"pass_threshold": 1.39}, "normal", "looks like its references"),
        (STANDS_OUT | {"pass_threshold": 5.0}, "defective", "differs"),
        (NONE, "review", "Uncalibrated"),
        ({"quality": ImageQuality(acceptable=False, findings=("too dark",))}, "review", "too dark"),
    ],
)
def test_labels_and_their_reasons(changes, label, reason):
    attempt = decide(some_evidence(**changes))
    assert attempt.label == label
    assert re.search(reason, " ".join(map(str, attempt.reasons)))
    assert attempt.decided_by.name == "measured"


@pytest.mark.parametrize("changes", [{}, STANDS_OUT])
@pytest.mark.parametrize(
    ("effect", "min_confidence", "label"),
    [
        (VerdictEffect(permits_normal=True), 0.55, "normal"),
        (VerdictEffect(needs_a_person=True), 0.55, "review"),
        (VerdictEffect(forces_defective=True, is_sure=True), 0.8, "defective"),
        (VerdictEffect(forces_defective=True), 0.55, "defective"),
        (VerdictEffect(forces_defective=True), 0.8, "review"),
    ],
)
def test_the_card_decides_where_it_has_a_say(changes, effect, min_confidence, label):
    finding = Reason(kind="rule", text="R1 is 120 px2 (90 to 160).", evidence=("T1",))
    effect = effect.model_copy(update={"findings": ("T1",), "reasons": (finding,)})
    attempt = decide(some_evidence(**changes), effect=effect, min_confidence=min_confidence)
    if changes or not effect.permits_normal:
        assert finding in attempt.reasons
    assert attempt.label == label


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, ["looks like references", "score"]),
        (STANDS_OUT, ["stands out", "score", "region"]),
        (
            {"score": 1.3, "p_value": 0.12, "tail_p_value": 0.12},
            ["close to the threshold", "score", "region"],
        ),
        (STANDS_OUT | {"p_value": 0.2, "guarantee": FEW}, ["too few references", "score", "region"]),
        (NONE, ["too few references"]),
        ({"product": None, "matches": STRANGE}, ["unknown product", "unknown product"]),
        ({"matches": STRANGE}, ["other product", "score"]),
        ({"quality": ImageQuality(acceptable=False, findings=("too dark",))}, ["image quality"]),
    ],
)
def test_each_reason_has_its_kind_and_names_its_evidence(changes, kinds):
    attempt = decide(some_evidence(regions=(a_region(),), **changes))
    assert [reason.kind for reason in attempt.reasons] == kinds
    assert all(
        reason.evidence == (("R1",) if reason.kind == "region" else ("E1",)) for reason in attempt.reasons
    )


@given(st.floats(1e-9, 1), st.floats(1e-9, 1))
def test_a_smaller_p_value_is_never_less_probably_defective(one, other):
    low, high = sorted((one, other))
    assert 0 < defective_probability(high) <= defective_probability(low) < 1


@given(st.lists(st.floats(0.5, 2), min_size=2, max_size=40), st.floats(0.1, 4), st.floats(0.02, 0.5))
def test_defective_keeps_the_rate_and_what_stands_out_is_never_normal(normals, score, rate):
    guarantee = calibration.guarantee(len(normals), rate)
    p_value = calibration.conformal_p_value(score, normals)
    limit = calibration.threshold(normals, rate)
    evidence = some_evidence(
        score=score,
        threshold=limit,
        p_value=p_value,
        tail_p_value=calibration.tail_p_value(score, normals),
        guarantee=guarantee,
    )
    attempt = decide(evidence, max_false_reject=rate)
    assert 0.5 <= attempt.confidence <= 1
    if score > limit:
        assert attempt.label == ("defective" if guarantee.normals_missing == 0 else "review")
    else:
        assert attempt.label in {"normal", "review"}


@pytest.mark.parametrize(
    ("changes", "label", "sure"),
    [({}, "normal", "7[0-9] %"), (STANDS_OUT | {"tail_p_value": 0.05}, "defective", "6[0-9] %")],
)
def test_a_clear_part_that_is_less_sure_than_is_wanted_says_so(changes, label, sure):
    evidence = some_evidence(**changes)
    assert decide(evidence).label == label
    attempt = decide(evidence, min_confidence=0.8)
    assert attempt.label == "review"
    assert attempt.reasons[0].kind == "not sure enough"
    assert re.search(f"{label} at {sure}, where 80 % is wanted", str(attempt.reasons[0]))
    assert [reason.kind for reason in attempt.reasons[1:]] == [
        reason.kind for reason in decide(evidence).reasons
    ]
