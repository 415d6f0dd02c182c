"""A lot lifts doubts, and never what the references reject."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.decision.lot import judged_by_lot
from echo_agent.decision.measured import decide_measured
from echo_agent.state import Guarantee, ImageQuality, LotEvidence, ProductMatch, ReferenceEvidence
from echo_agent.strictness import Strictness

FEW = Guarantee(normals=4, expected_false_reject=0.2, bound_95=0.53, normals_missing=5)
ENOUGH = Guarantee(normals=19, expected_false_reject=0.1, bound_95=0.22, normals_missing=0)


def lot(score, median=0.8, parts=20, **changes):
    return LotEvidence(parts=parts, score=score, p_value=0.2, highest_reference=1.0, median=median, **changes)


def evidence(score, **changes):
    found = {"p_value": 0.2, "guarantee": FEW, "matches": ()} | changes
    return ReferenceEvidence(
        product="plate", product_given=True, score=score, threshold=1.2, tail_p_value=0.1, **found
    )


def settled(found):
    return judged_by_lot(decide_measured(found, number=1, changed="first look"), found)


def test_what_many_parts_of_the_lot_have_is_normal_and_the_reason_names_the_lot():
    (attempt,) = settled(evidence(1.25, lot=lot(0.7)))
    assert (attempt.label, attempt.number) == ("normal", 2)
    assert attempt.changed == "judged beside the 19 other parts of its lot"
    assert attempt.reasons[0].kind == "lot"
    assert "19 other parts" in str(attempt.reasons[0])


def test_what_next_to_none_has_is_defective():
    (attempt,) = settled(evidence(1.5, lot=lot(3.0)))
    assert attempt.label == "defective"


@pytest.mark.parametrize(
    "found",
    [
        evidence(1.25, lot=lot(0.7, median=1.3)),
        evidence(1.25, lot=LotEvidence(parts=20, score=1.2, highest_reference=1.4, median=1.2)),
        evidence(1.25, lot=lot(1.15)),
        evidence(1.6, lot=lot(0.7)),
        evidence(1.25, lot=LotEvidence(parts=4, declined="too small")),
        evidence(1.25),
        evidence(1.25, lot=lot(0.7), quality=ImageQuality(acceptable=False, findings=("too dark",))),
        evidence(
            1.25, lot=lot(0.7), matches=(ProductMatch(product="plate", similarity=0.1, resembles=False),)
        ),
        evidence(1.1, pass_threshold=1.0, lot=lot(0.7)),
        evidence(1.25, strictness=Strictness(min_confidence=0.9), lot=lot(0.7)),
        evidence(1.1, p_value=None, lot=lot(0.7)).model_copy(
            update={"threshold": None, "tail_p_value": None}
        ),
    ],
    ids=[
        "a lot unlike the references",
        "a lot whose middle stands out",
        "between",
        "far beyond the references",
        "too small",
        "no lot",
        "poor photograph",
        "other product",
        "no better than confirmed defects",
        "surer than a lot is wanted",
        "no threshold",
    ],
)
def test_a_doubt_that_no_lot_settles_stays(found):
    assert settled(found) == ()


@given(
    score=st.floats(1.21, 50),
    beside=st.floats(0.01, 10),
    median=st.floats(0.01, 10),
    parts=st.integers(8, 999),
)
def test_no_lot_passes_what_the_references_reject(score, beside, median, parts):
    rejected = evidence(score, p_value=0.05, guarantee=ENOUGH, lot=lot(beside, median, parts))
    assert decide_measured(rejected, number=1, changed="first look").label == "defective"
    assert settled(rejected) == ()
