"""What a model's word becomes beside the evidence: the rules that no model can break."""

import pytest

from echo_agent.decision.by_language_model import Guard, decide_by_mllm
from echo_agent.decision.measured import decide_measured
from echo_agent.errors import AnswerError, ModelError, ModelMemoryError, ModelTimeoutError
from echo_agent.knowledge.verdict_effect import verdict_effect
from echo_agent.mllm.case import Case
from echo_agent.state import (
    ChecklistFinding,
    Guarantee,
    ImageQuality,
    KnowledgeEvidence,
    ProductMatch,
    ReferenceEvidence,
    ToleranceFinding,
    VerdictEffect,
)
from echo_agent.strictness import Strictness
from tests.scripted_mllm import fake_decider
from tests.unit.mllm.test_delimiters_and_prompts import image
from tests.verdicts import a_region


def evidence(p_value=0.05, score=3.0, **changes):
    values = {
        "product": "plate",
        "product_given": True,
        "matches": (ProductMatch(product="plate", similarity=0.95, resembles=True),),
        "score": score,
        "threshold": 1.5,
        "p_value": p_value,
        "guarantee": Guarantee(normals=20, expected_false_reject=0.0952, bound_95=0.22, normals_missing=0),
        "regions": (a_region(),) if score > 1.5 else (),
    }
    return ReferenceEvidence(**(values | changes))


def tolerance(outcome, high=1.0):
    return ToleranceFinding(
        id="T1",
        rule="scratch at most 2 mm",
        defect_type="scratch",
        region="R1",
        outcome=outcome,
        measured=1.0,
        measured_low=1.0,
        measured_high=high,
        limit=2.0,
        unit="mm",
        reason=f"1 mm {outcome} 2 mm.",
    )


def attempt(script, found, knowledge=None, min_confidence=0.55, before=()):
    seen = found or ReferenceEvidence(product=None, product_given=False, matches=())
    measured = decide_measured(
        seen.model_copy(update={"strictness": Strictness(min_confidence=min_confidence)}),
        number=1,
        changed="first look",
    )
    effect = VerdictEffect()
    if found is not None and knowledge is not None:
        effect = verdict_effect(found.regions, knowledge.tolerances, knowledge.checklist)
    return decide_by_mllm(
        fake_decider(*script),
        Case(image=image(), evidence=found, knowledge=knowledge),
        measured,
        guard=Guard.of(found, measured, effect, before),
        effect=effect,
        calibration=None,
        min_confidence=min_confidence,
    )


GOOD = {"p_value": 0.8, "score": 0.9}


def test_both_for_defective_is_defective():
    made = attempt([0.9], evidence())
    assert made.label == "defective"
    assert made.probabilities == pytest.approx({"defective": 0.9, "normal": 0.1})
    assert made.decided_by.model == "fake/scripted"
    assert made.input_tokens == 100
    assert not made.confidence_calibrated


def test_both_for_normal_is_normal():
    assert attempt([0.1], evidence(**GOOD)).label == "normal"


@pytest.mark.parametrize("said", [0.0, 0.01, 0.4])
def test_a_model_cannot_pass_what_the_evidence_rejects(said):
    made = attempt([said], evidence())
    assert made.label == "review"
    reasons = " ".join(map(str, made.reasons))
    assert "Disagreement" in reasons
    assert "model's side" in reasons
    assert "evidence's side" in reasons


UNCERTIFIED = {
    "p_value": 0.2,
    "guarantee": Guarantee(normals=4, expected_false_reject=0.2, bound_95=0.53, normals_missing=5),
}


@pytest.mark.parametrize("said", [0.0, 0.2])
def test_a_model_cannot_pass_what_stands_out_though_the_threshold_is_not_certified(said):
    made = attempt([said], evidence(**UNCERTIFIED))
    assert made.label == "review"
    told = " ".join(map(str, made.reasons))
    assert "model's side" in told
    assert "it needs 5 more normal photographs" in told
    assert "threshold 1.50" in told


def test_a_finer_look_below_the_threshold_does_not_let_a_model_pass_what_stood_out_before():
    before = attempt([0.1], evidence())
    later = attempt([0.1], evidence(p_value=0.15, score=1.4), before=(before,))
    assert later.label == "review"
    assert "Score 3.00" in " ".join(map(str, later.reasons))
    assert attempt([0.1], evidence(p_value=0.15, score=1.4)).label == "normal"


def test_a_model_cannot_pass_a_broken_tolerance_or_checklist():
    broken = KnowledgeEvidence(product="plate", tolerances=(tolerance("exceeds"),))
    assert attempt([0.05], evidence(**GOOD), broken).label == "review"
    missing = ChecklistFinding(id="C1", statement="four screws", holds=False, reason="Three screws.")
    made = attempt([0.05], evidence(**GOOD), KnowledgeEvidence(product="plate", checklist=(missing,)))
    assert made.label == "review"
    assert "Three screws." in " ".join(map(str, made.reasons))


def test_a_model_cannot_pass_a_size_whose_uncertainty_breaks_the_limit():
    doubtful = KnowledgeEvidence(product="plate", tolerances=(tolerance("undetermined", high=2.5),))
    made = attempt([0.05], evidence(), doubtful)
    assert made.label == "review"
    assert "1 mm undetermined 2 mm." in " ".join(map(str, made.reasons))


def test_a_defect_within_its_tolerance_may_pass():
    within = KnowledgeEvidence(product="plate", tolerances=(tolerance("within"),))
    assert attempt([0.1], evidence(), within).label == "normal"


def test_a_model_alone_against_good_evidence_is_review_when_they_cancel_out():
    assert attempt([0.83], evidence(p_value=1.0, score=0.9)).label == "review"


@pytest.mark.parametrize("error", [AnswerError("?"), ModelTimeoutError("late"), ModelMemoryError("full")])
@pytest.mark.parametrize("found", [evidence(), evidence(**GOOD), None])
def test_a_model_that_fails_is_review_never_normal(error, found):
    made = attempt([error], found)
    assert made.label == "review"
    assert made.error == str(error)


def test_a_model_that_is_missing_is_an_error():
    with pytest.raises(ModelError, match="not downloaded"):
        attempt([ModelError("not downloaded")], evidence())


@pytest.mark.parametrize(
    "changes",
    [
        {"product": None},
        {"quality": ImageQuality(acceptable=False, findings=("blurred",))},
        {"matches": (ProductMatch(product="plate", similarity=0.2, resembles=False),)},
    ],
)
def test_what_cannot_be_judged_is_review_whatever_the_model_says(changes):
    for said in (0.01, 0.99):
        assert attempt([said], evidence(**(GOOD | changes))).label == "review"


def test_without_the_reference_expert_the_model_decides_alone():
    assert attempt([0.9], None).label == "defective"
    assert attempt([0.52], None).label == "review"
