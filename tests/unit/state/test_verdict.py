import json

import pytest

from echo_agent.state import ProductMatch, Reason, Verdict, flat_verdict
from tests.inspection import some_evidence
from tests.verdicts import a_verdict

KEYS = {
    "label", "confidence", "defect_type", "regions", "reasons", "references", "exemplars", "knowledge", "decided_by",
    "confidence_calibrated", "attempts", "score", "threshold", "pass_threshold", "escape_guarantee", "p_value",
    "guarantee", "product", "product_given", "memory_version", "map_id", "trace", "answer", "human", "timings",
}  # fmt: skip
"""Keys that programs read from ``--json``."""


def test_the_flat_form_keeps_its_keys_and_sentences():
    because = Reason(kind="stands out", text="It differs.", evidence=("E1",))
    verdict = a_verdict(reasons=(because,))
    verdict = verdict.model_copy(
        update={"attempts": (verdict.attempts[0].model_copy(update={"reasons": (because,)}),)}
    )
    flat = json.loads(json.dumps(flat_verdict(verdict), allow_nan=False))
    assert flat.keys() >= KEYS
    assert flat["reasons"] == flat["attempts"][0]["reasons"] == ["It differs."]
    assert (flat["score"], flat["product"], flat["regions"][0]["id"]) == (3.1, "plate", "R1")
    assert flat["quality"] == {"acceptable": True, "findings": [], "measured": {}}


@pytest.mark.parametrize("evidence", [None, "some"])
def test_a_verdict_comes_back_from_its_flat_form(evidence):
    matches = (ProductMatch(product="plate", similarity=0.9, resembles=True),)
    found = some_evidence(matches=matches, tail_p_value=None) if evidence else None
    verdict = a_verdict("review").model_copy(update={"evidence": found})
    again = Verdict.model_validate(flat_verdict(verdict))
    assert flat_verdict(again) == flat_verdict(verdict)
    assert again.evidence == found or found is None


def test_nothing_is_said_of_references_where_nothing_was_compared():
    verdict = a_verdict("review").model_copy(update={"evidence": None})
    assert (verdict.score, verdict.product, verdict.map_id, verdict.regions) == (None, None, None, ())


def test_a_reason_is_printed_as_its_sentence():
    reason = Reason(kind="rule", text="R1 breaks the limit.", evidence=("T1",))
    assert f"{reason}" == str(reason) == "R1 breaks the limit."
