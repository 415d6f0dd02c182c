from types import SimpleNamespace
from typing import get_args

import pytest

from echo_agent.memory.inspections import InspectionRecord
from echo_agent.runs.what_if import WhatIf
from echo_agent.state import (
    ChecklistFinding,
    Guarantee,
    ImageRef,
    KnowledgeEvidence,
    Reason,
    ToleranceFinding,
)
from echo_agent.ui.html import Part, part
from tests.verdicts import a_reference, a_verdict

EVIL = "<script>alert('x')</script>"
NOTHING = dict.fromkeys(("records", "notices", "products"), ())
EMPTY = {"verdict": a_verdict("review", product=None), "proposal": "review", **NOTHING}
EMPTY["product"] = SimpleNamespace(name="plate", normals=1, version=1)
EMPTY["spread"] = SimpleNamespace(bars=())
UNTRIED = WhatIf(
    product="plate",
    max_false_reject=0.1,
    threshold=None,
    guarantee=Guarantee(normals=2, expected_false_reject=None, bound_95=None, normals_missing=7),
    decided=0,
    left_out=0,
    changes=(),
)
EMPTY |= {"tried": UNTRIED, "in_force": "10 %", "set_by": None, "listed": 20, "names": (), "share": 0.0}
NEEDS = {
    "banner": ("verdict", "proposal"),
    "proposed": ("proposal",),
    "records": ("records",),
    "notices": ("notices",),
    "known": ("product",),
    "products": ("products",),
    "scores": ("spread",),
    "tried": ("tried", "in_force", "set_by", "listed"),
    "drawn": ("names", "share"),
    **dict.fromkeys(("reasons", "regions", "rules", "references", "trace"), ("verdict",)),
}


def a_tolerance(**changes):
    values = {"id": "T1", "rule": "scratch", "defect_type": "scratch", "region": "R1", "outcome": "exceeds"}
    values |= {"measured": 3.0, "limit": 2.0, "unit": "mm", "reason": "3 mm exceeds 2 mm."}
    return ToleranceFinding(**(values | changes))


@pytest.mark.parametrize("name", get_args(Part))
def test_each_part_says_something_where_there_is_nothing_to_show(name):
    html = part(name, **{given: EMPTY[given] for given in NEEDS.get(name, ())})
    assert "<" in html
    assert "None" not in html


def test_whatever_is_shown_is_escaped():
    knowledge = KnowledgeEvidence(product="plate", tolerances=(a_tolerance(reason=EVIL),))
    verdict = a_verdict(
        product=EVIL, defect_type=EVIL, reasons=(Reason(kind="rule", text=EVIL),), knowledge=knowledge
    )
    record = InspectionRecord(
        id="1",
        when="2026-11-26T09:00:00",
        image=ImageRef(uri=EVIL, sha256="0", width=1, height=1),
        verdict=verdict,
    )
    shown = [part("banner", verdict=verdict, proposal="defective"), part("records", records=[(record, None)])]
    shown += [part(name, verdict=verdict) for name in ("reasons", "rules")]
    for html in shown:
        assert "<script>" not in html
        assert "&lt;script&gt;" in html


def test_rules_are_shown_with_their_outcome():
    answers = ((True, "holds"), (False, "fails"), (None, "undetermined"))
    checklist = tuple(
        ChecklistFinding(id=f"C{number}", statement="Straight.", holds=holds, reason="It was counted.")
        for number, (holds, _) in enumerate(answers)
    )
    verdict = a_verdict(knowledge=KnowledgeEvidence(tolerances=(a_tolerance(),), checklist=checklist))
    html = part("rules", verdict=verdict)
    assert "<td>T1</td><td>exceeds</td><td>3 mm exceeds 2 mm.</td>" in html
    for number, (_, told) in enumerate(answers):
        assert f"<td>C{number}</td><td>{told}</td>" in html


def test_a_card_without_a_rule_for_the_part_is_told_apart_from_no_card():
    without = part("rules", verdict=a_verdict(knowledge=KnowledgeEvidence(card_file="plate.yaml")))
    assert "No tolerance of the knowledge card applies" in without
    assert "no knowledge card" in part("rules", verdict=a_verdict())


def test_a_picture_that_is_no_longer_kept_is_told():
    html = part("references", verdict=a_verdict(references=(a_reference("/nowhere.png"),)))
    assert "no longer kept" in html
    assert "N1 · similarity 0.98" in html


def test_a_review_tells_the_likelier_label():
    html = part("banner", verdict=a_verdict("review"), proposal="defective")
    assert "likelier defective, 93 %" in html
    assert "likelier" not in part("banner", verdict=a_verdict("defective"), proposal="defective")
