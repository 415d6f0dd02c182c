"""Verdicts as Echo wrote them while the evidence's fields stood beside the label and reasons were sentences."""

import json

import pytest
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from pydantic import ConfigDict, ValidationError, create_model

from echo_agent.chat.history import open_history
from echo_agent.memory.inspections import InspectionRecord
from echo_agent.state import Reason, ReferenceEvidence, Verdict

RECORD = """
{"id": "20261126T093939-0000-6fde6801", "when": "2026-11-26T09:39:39+00:00", "image": {"uri": "/m/a.png",
"sha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "width": 192, "height": 144},
"verdict": {"label": "review", "confidence": 0.93, "defect_type": null, "regions": [{"id": "R1", "box":
{"left": 85, "top": 30, "right": 115, "bottom": 60}, "area_px": 240, "area_px_low": 200, "area_px_high": 280,
"length_px": 44.0, "peak": 3.2, "mean": 1.7, "place": "top centre"}], "reasons": ["The part is close to the
threshold: it cannot be told from a weak defect.", "Score 3.10 (1 is a typical normal part), threshold 1.40, p
= 0.048."], "references": [{"id": "N1", "image": {"uri": "/m/b.png", "sha256":
"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "width": 192, "height": 144},
"similarity": 0.98}], "exemplars": [{"id": "X1", "image": {"uri": "/m/c.png", "sha256":
"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "width": 192, "height": 144},
"similarity": 0.9, "resembles": true, "defect_type": "scratch", "who": "Ada", "when": ""}], "knowledge":
{"id": "K", "product": "plate", "card_file": null, "normal": "", "defect_types": [], "citations": [],
"tolerances": [{"id": "T1", "rule": "scratch up to 2 mm", "defect_type": "scratch", "region": "R1", "outcome":
"cannot tell", "measured": null, "measured_low": null, "measured_high": null, "limit": 2.0, "unit": "mm",
"zone": null, "reason": "The scale is not known."}], "checklist": [{"id": "C1", "statement": "Four screws.",
"holds": null, "expected": 4, "counted": null, "places": [{"place": "top left", "presence": "cannot tell",
"box": null, "reason": "too dark"}], "answered_by": null, "reason": "One place cannot be told."}]},
"decided_by": {"name": "measured", "model": "calibrated evidence", "revision": "0.2.0", "dtype": null},
"confidence_calibrated": false, "attempts": [{"number": 1, "label": "review", "confidence": 0.93, "changed":
"first look", "path": "fast", "score": 3.1, "p_value": 0.048, "answer": null, "defect_type": null,
"probabilities": {}, "confidence_calibrated": false, "reasons": ["The part is close to the threshold: it
cannot be told from a weak defect."], "decided_by": {"name": "measured", "model": "calibrated evidence",
"revision": "0.2.0", "dtype": null}, "seconds": 0.0, "input_tokens": null, "output_tokens": null, "error":
null}], "score": 3.1, "threshold": 1.4, "pass_threshold": 1.1, "escape_guarantee": {"defects": 20,
"expected_escape": 0.05, "bound_95": 0.14, "defects_missing": 0}, "p_value": 0.048, "guarantee": {"normals":
20, "expected_false_reject": 0.0952, "bound_95": 0.2161, "normals_missing": 0}, "product": "plate",
"product_given": true, "memory_version": 1, "map_id": "m1", "trace": null, "answer": null, "human": null,
"timings": {"intake": 0.01}}}
""".replace("\n", " ")


def is_read(verdict):
    """Whether all that the record says is found where a verdict has it now."""
    assert verdict.evidence is not None
    assert verdict.evidence.score == verdict.score == 3.1
    assert (verdict.threshold, verdict.pass_threshold, verdict.p_value) == (1.4, 1.1, 0.048)
    assert (verdict.product, verdict.product_given, verdict.memory_version) == ("plate", True, 1)
    assert verdict.map_id == "m1"
    assert verdict.guarantee.normals == 20
    assert verdict.escape_guarantee.defects == 20
    assert [found.id for found in (*verdict.regions, *verdict.references, *verdict.exemplars)] == [
        "R1",
        "N1",
        "X1",
    ]
    assert verdict.reasons[1] == Reason(
        kind="other", text="Score 3.10 (1 is a typical normal part), threshold 1.40, p = 0.048."
    )
    assert str(verdict.attempts[0].reasons[0]).startswith("The part is close to the threshold")
    assert verdict.knowledge.tolerances[0].outcome == "undetermined"
    assert verdict.knowledge.checklist[0].places[0].presence == "undetermined"
    return True


def test_an_inspection_on_disk_is_read():
    assert is_read(InspectionRecord.model_validate_json(RECORD).verdict)


def test_a_verdict_of_a_kept_conversation_is_read(tmp_path):
    earlier = create_model(
        "Verdict", __config__=ConfigDict(extra="allow"), __module__="echo_agent.state.verdict"
    )
    kept = JsonPlusSerializer().dumps_typed(earlier(**json.loads(RECORD)["verdict"]))
    with open_history(tmp_path) as history:
        verdict = history.serde.loads_typed(kept)
        again = history.serde.loads_typed(history.serde.dumps_typed(verdict))
    assert isinstance(verdict, Verdict)
    assert is_read(verdict)
    assert again == verdict


def test_the_escalation_level_is_read_by_its_earlier_name():
    earlier = {"product": None, "product_given": False, "matches": (), "effort": 2}
    assert ReferenceEvidence.model_validate(earlier).escalation_level == 2


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"score": "high"}, "score"), ({"colour": "red"}, "colour"), ({"evidence": None}, "score")],
)
def test_what_is_neither_form_is_refused(changes, named):
    with pytest.raises(ValidationError, match=named):
        Verdict.model_validate(json.loads(RECORD)["verdict"] | changes)
