"""A model that calls every part defective, calibrated on the references alone, through real inspections."""

import pytest

from echo_agent.context import Context
from echo_agent.decision.normals_calibration import calibrate_on_normals
from echo_agent.errors import ModelError, ModelServerError
from echo_agent.evaluation.category import LabelledImage
from echo_agent.evaluation.mllm_calibration import calibrate_mllm
from echo_agent.inspector import Inspector
from echo_agent.memory.memory import Memory
from echo_agent.mllm.decider import MllmDecider
from tests.conftest import synthetic_part
from tests.photographs import stained
from tests.scripted_mllm import FakeScorer, FakeWriter

PARTS = 12


class BiasedScorer(FakeScorer):
    """Calls every part defective at .95 or a little more, and those that it was told of at .9999."""

    def __init__(self):
        super().__init__(0.0)
        self.bad = set()

    def _said(self, prompt, _):
        digest = [part for part in prompt.content if not isinstance(part, str)][-1].sha256
        own = 0.9999 if digest in self.bad else 0.95 + int(digest[:2], 16) / 256 * 0.02
        return super()._said(prompt, own)


@pytest.fixture
def memory(tmp_path):
    opened = Memory.open(tmp_path / "memory", create=True)
    opened.register("plate", [synthetic_part(seed) for seed in range(PARTS)])
    return opened


@pytest.fixture
def inspector(memory):
    decider = MllmDecider(BiasedScorer(), FakeWriter("no json"))
    made = Inspector(memory, decider=decider, context=Context(max_attempts=1))
    made.scorer, made.decider = decider._scorer, decider
    return made


def test_a_biased_model_rejects_no_good_part_and_says_on_what_it_was_calibrated(inspector):
    good = synthetic_part(70)
    uncalibrated = Context(max_attempts=1, calibrate_on_references=False)
    assert inspector.inspect(good, product="plate", context=uncalibrated).attempts[0].label == "defective"
    inspector.scorer.prompts.clear()
    verdict = inspector.inspect(good, product="plate")
    assert len(inspector.scorer.prompts) == PARTS + 1, "each reference is asked of at the first inspection"
    inspector.scorer.prompts.clear()
    assert inspector.inspect(good, product="plate").attempts[0].reasons == verdict.attempts[0].reasons
    told = " ".join(reason.text for reason in verdict.attempts[0].reasons)
    assert verdict.attempts[0].label != "defective"
    assert f"Calibrated on {PARTS} good parts alone, no labelled ones" in told
    assert "8 % of good parts expected to be rejected" in told
    assert not verdict.confidence_calibrated
    (shown,) = inspector.scorer.prompts
    assert not any("Evidence:" in part for part in shown.content if isinstance(part, str))


def test_a_part_that_both_find_worst_stands_out(inspector, memory):
    calibrate_on_normals(memory, inspector.decider, "plate")
    bad = memory.store_image(stained(synthetic_part(75)))
    inspector.scorer.bad.add(bad.sha256)
    attempt = inspector.inspect(bad.uri, product="plate").attempts[0]
    assert "p-value 0.077 by model and evidence together" in " ".join(r.text for r in attempt.reasons)
    assert attempt.label in ("defective", "review")


def test_each_reference_is_judged_beside_another_and_with_photographs_alone(inspector, memory):
    calibrate_on_normals(memory, inspector.decider, "plate")
    assert len(inspector.scorer.prompts) == PARTS
    for prompt in inspector.scorer.prompts:
        beside, judged = [part.sha256 for part in prompt.content if not isinstance(part, str)]
        assert beside != judged


def test_it_serves_no_more_once_the_references_change_or_labelled_photographs_were_given(
    inspector, memory, tmp_path
):
    def told():
        attempt = inspector.inspect(synthetic_part(70), product="plate").attempts[0]
        return " ".join(reason.text for reason in attempt.reasons)

    calibrate_on_normals(memory, inspector.decider, "plate")
    assert "good parts alone" in told()
    memory.add_references("plate", [synthetic_part(PARTS)])
    assert f"on {PARTS + 1} good parts alone" in told()
    images = []
    for seed in range(60, 70):
        file = tmp_path / f"{seed}.png"
        synthetic_part(seed, defect=seed >= 65).save(file)
        images.append(LabelledImage(path=file, kind="scratch" if seed >= 65 else "good"))
    calibrate_mllm(memory, inspector.decider, "plate", images, path="fast")
    assert "good parts alone" not in told()


def test_a_single_reference_allows_no_such_calibration(tmp_path):
    opened = Memory.open(tmp_path / "memory", create=True)
    opened.register("plate", [synthetic_part(1)])
    with pytest.raises(ModelError, match="fewer than two parts"):
        calibrate_on_normals(opened, MllmDecider(BiasedScorer(), FakeWriter("")), "plate")


def test_a_calibration_that_is_tried_again_is_announced_once(inspector, monkeypatch, caplog):
    def unreachable(*_, **__):
        raise ModelServerError("the server failed (Error): Connection error.")

    monkeypatch.setattr(inspector.scorer, "_said", unreachable)
    verdict = inspector.inspect(synthetic_part(70), product="plate")
    assert [text for text in caplog.messages if "to calibrate it" in text] == caplog.messages[:1]
    assert (
        str(verdict.reasons[0]) == "The model gave no decision: the server failed (Error): Connection error."
    )
