import pytest

from echo_agent.knowledge.card import ChecklistItem
from echo_agent.knowledge.checklist import answered, cannot_tell, closed_question, counted, expected_count
from echo_agent.knowledge.verdict_effect import verdict_effect
from echo_agent.state import CountedPlace

UNTOLD = "undetermined"


def item(statement, **parts):
    return ChecklistItem(statement=statement, **parts)


@pytest.mark.parametrize(
    ("statement", "count"),
    [
        ("Four screws are present.", 4),
        ("There are 12 teeth", 12),
        ("Exactly one label is glued on.", 1),
        ("A pair of pins", 2),
        ("No screw is missing", 0),
        ("The plate is 2 mm thick and has six holes.", 6),
        ("Zone 2 holds 3 cables", 3),
        ("The hole is 2.5 mm wide.", None),
        ("Two long and three short bolts are there.", None),
        ("The label is straight.", None),
    ],
)
def test_the_expected_count_is_read_from_the_statement(statement, count):
    assert expected_count(item(statement)) == count


def test_the_cards_count_goes_first():
    assert expected_count(item("Two long and three short bolts are there.", count=5)) == 5


def places(*presences):
    names = ("top left", "top right", "bottom left", "bottom right")
    return [
        CountedPlace(place=name, presence=presence, reason="it lies outside" if presence == UNTOLD else "")
        for name, presence in zip(names, presences, strict=False)
    ]


@pytest.mark.parametrize(
    ("found", "holds", "count"),
    [
        (("present",) * 4, True, 4),
        (("present", "missing", "present", "missing"), False, 2),
        (("present", "present", "present", UNTOLD), None, None),
        (("missing", "present", "present", UNTOLD), False, None),
    ],
)
def test_counted_places_answer_their_statement(found, holds, count):
    finding = counted("C1", item("Four screws are present.", what="screws"), places(*found))
    assert finding.holds is holds
    assert (finding.expected, finding.counted) == (4, count)
    assert f"{found.count('present')} of 4 screws are where they should be" in finding.reason
    assert len(finding.places) == 4


def test_the_missing_and_the_untold_are_named():
    found = places("missing", "present", "missing", UNTOLD)
    reason = counted("C1", item("Four screws are present."), found).reason
    assert "missing: top left, bottom left" in reason
    assert "cannot tell: bottom right (it lies outside)" in reason


@pytest.mark.parametrize("statement", ["The label is straight.", "Five screws are present."])
def test_places_that_do_not_fit_the_statement_are_not_counted(statement):
    finding = counted("C1", item(statement), places("present", "missing"))
    assert finding.holds is None
    assert "draws 2 places" in finding.reason


@pytest.mark.parametrize(("letter", "holds"), [("A", True), ("B", False), ("C", None), (None, None)])
def test_an_unreadable_answer_is_cannot_tell(letter, holds):
    untold = cannot_tell("C1", item("The label is straight."), "it was not counted")
    assert set(closed_question(untold.statement).options) == {"A", "B"}
    finding = answered(untold, letter, "a model")
    assert finding.holds is holds
    assert finding.answered_by == (None if holds is None else "a model")


def test_what_a_model_says_fails_needs_a_person_and_what_was_counted_condemns():
    untold = cannot_tell("C1", item("The label is straight."), "it was not counted")
    by_model = verdict_effect((), (), [answered(untold, "B", "a model")])
    assert by_model.needs_a_person
    assert not by_model.forces_defective
    by_count = verdict_effect((), (), [counted("C1", item("Two pins."), places("present", "missing"))])
    assert by_count.forces_defective
    assert by_count.is_sure
