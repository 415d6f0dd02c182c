import pytest

from echo_agent.knowledge.card import ChecklistItem
from echo_agent.knowledge.checklist import answered, closed_question, counted, expected_count


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


@pytest.mark.parametrize(("count", "holds"), [(4, True), (3, False), (None, None)])
def test_a_count_answers_its_statement(count, holds):
    finding = counted("C1", item("Four screws are present."), count, "by the places of the references")
    assert finding.holds is holds
    assert (finding.expected, finding.counted) == (4, count)
    assert "by the places" in finding.reason


def test_a_statement_without_a_count_cannot_be_counted():
    finding = counted("C1", item("The label is straight."), 1, "by places")
    assert finding.holds is None
    assert "names no single count" in finding.reason


@pytest.mark.parametrize(("letter", "holds"), [("A", True), ("B", False), ("C", None), (None, None)])
def test_an_unreadable_answer_is_cannot_tell(letter, holds):
    statement = item("The label is straight.")
    assert set(closed_question(statement).options) == {"A", "B"}
    assert answered("C1", statement, letter, "a model").holds is holds
