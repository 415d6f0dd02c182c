"""A rate that is tried on inspections: what it says is what it would have said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.decision.measured import decide_measured
from echo_agent.memory import calibration
from echo_agent.runs.what_if import decided_again
from echo_agent.state import DecidedBy, ReferenceEvidence, Verdict
from echo_agent.strictness import Strictness

SCORES = st.floats(0.2, 6).map(lambda score: round(score, 2))
RATES = st.sampled_from((0.01, 0.05, 0.1, 0.2, 0.34, 0.5))


def seen(score, normals, rate, *, joint=False):
    """Evidence of a part with that score beside references with those."""
    return ReferenceEvidence(
        product="plate",
        product_given=True,
        matches=(),
        score=score,
        threshold=calibration.threshold(normals, rate),
        p_value=calibration.conformal_p_value(score, normals),
        tail_p_value=calibration.tail_p_value(score, normals),
        guarantee=calibration.guarantee(len(normals), rate),
        strictness=Strictness(max_false_reject=rate),
        joint=joint,
    )


def verdict_of(evidence, by="measured"):
    attempt = decide_measured(evidence, number=1, changed="first look")
    author = DecidedBy(name=by, model="", revision="")
    return Verdict(
        label=attempt.label,
        confidence=attempt.confidence,
        evidence=evidence,
        decided_by=author,
        attempts=(attempt.model_copy(update={"decided_by": author}),),
    )


@given(SCORES, st.lists(SCORES, min_size=2, max_size=40), RATES, RATES)
def test_it_says_what_an_inspection_at_that_rate_says(score, normals, then, now):
    tried = decided_again(verdict_of(seen(score, normals, then)), now)
    assert tried == decide_measured(seen(score, normals, now), number=1, changed="").label


def test_two_encoders_that_settle_what_few_references_cannot_still_do():
    far, near = (verdict_of(seen(score, (0.9, 1.0, 1.1), 0.1, joint=True)) for score in (4.0, 1.2))
    assert (far.label, decided_again(far, 0.05)) == ("defective", "defective")
    assert (near.label, decided_again(near, 0.05)) == ("review", "review")


@pytest.mark.parametrize("by", ["mllm", "own"])
def test_what_a_language_model_decided_is_left_out(by):
    assert decided_again(verdict_of(seen(3.0, (0.9, 1.0, 1.1), 0.1), by), 0.5) is None


def test_a_label_that_the_evidence_does_not_explain_is_left_out():
    ruled = verdict_of(seen(3.0, (0.9, 1.0, 1.1), 0.5)).model_copy(update={"label": "normal"})
    assert decided_again(ruled, 0.5) is None
