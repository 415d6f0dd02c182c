"""A record that cannot be read costs its own row; the doctor names it, and what else the chain does not confirm."""

import re
import sqlite3

import pytest

from echo_agent.errors import StoreError
from echo_agent.images.stored import store_image
from echo_agent.memory.answers import Feedback, add_answer, answers
from echo_agent.memory.database import Database
from echo_agent.memory.doctor import examine
from echo_agent.memory.inspections import Inspections
from echo_agent.memory.mending import repair
from echo_agent.state import HumanAnswer
from tests.inspection import an_image
from tests.verdicts import a_verdict

WAYS = ("''", "'{'", "x'ff00'", "CAST(x'ff' AS TEXT)", '\'{"label": "normal"}\'', "'\"\\ud800\"'", "7")


@pytest.fixture
def database(tmp_path):
    """Three reviews and an answer."""
    database = Database(tmp_path)
    for shade in range(3):
        image = store_image(bytes_of(shade), tmp_path / "images")
        Inspections(database).add(image, a_verdict("review"), f"part {shade}")
    said = Feedback(
        id="a1", product="plate", image=an_image(), proposed="normal", answer=HumanAnswer(action="accept")
    )
    with database.writing() as connection:
        add_answer(connection, database.folder, said)
        connection.execute(
            "INSERT INTO memory (one, encoder, encoder_name, generation) VALUES (1, 'e', 'e', 1)"
        )
    return database


def bytes_of(shade):
    return b"P6 2 1 255 " + bytes([shade] * 6)


def tampered(database, statement):
    database.close()
    with sqlite3.connect(database.file) as connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("text", WAYS)
def test_an_unreadable_inspection_waits_with_a_note_and_the_others_stay(database, text):
    tampered(database, f"UPDATE inspection SET label = 'review', record = {text} WHERE number = 2")
    inspections = Inspections(database)
    for listed in (
        inspections.newest(),
        inspections.waiting()[::-1],
        [record for record, _ in inspections.answered()],
    ):
        last, damaged, first = listed
        assert (first.name, last.name) == ("part 0", "part 2")
        assert damaged.verdict.label == "review"
        assert "cannot be read: echo-agent doctor" in str(damaged.verdict.reasons[0])
        assert (damaged.image.width, damaged.image.height) == (2, 1)
    with pytest.raises(StoreError, match=rf"{damaged.id} .* cannot be read: echo-agent doctor"):
        inspections.find(damaged.id)


@pytest.mark.parametrize("text", WAYS)
def test_an_unreadable_answer_says_so_and_can_be_taken_back(database, text):
    tampered(database, f"UPDATE answer SET said = {text}")
    with database.reading() as connection:
        (said,) = answers(connection, database.folder)
    assert (said.id, said.product, said.label) == ("a1", "plate", "review")
    assert "the answer a1 cannot be read: echo-agent doctor" in said.answer.comment


def test_the_doctor_names_unreadable_rows_once_and_puts_them_aside(database):
    tampered(database, "UPDATE inspection SET record = '{' WHERE number = 2")
    tampered(database, "UPDATE answer SET said = '{'")
    found = examine(database.folder)
    assert sorted(one.name.split(" ")[0] for one in found) == ["answer", "inspection"]
    assert repair(database.folder, lambda: pytest.fail("no product is concerned")) == found
    assert examine(database.folder) == []
    assert len(Inspections(database).newest()) == 2


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "UPDATE inspection SET record = replace(record, 'part 1', 'part 7')",
            "the inspection .* was changed",
        ),
        ("DELETE FROM answer", "the answer a1 was taken out"),
        ("UPDATE chain SET hash = 'x' WHERE number = 2", "its link, or one before it"),
        ("UPDATE chain SET kind = 'removed', id = 'many' WHERE number = 2", "came beside the chain"),
        ("UPDATE chain SET kind = 'other' WHERE number = 2", "there is no such link"),
    ],
)
def test_the_doctor_holds_the_records_against_their_chain_and_leaves_them(database, statement, told):
    assert examine(database.folder) == []
    tampered(database, statement)
    found = [one for one in examine(database.folder) if one.kind == "record"]
    assert found
    assert any(re.search(told, str(one)) for one in found)
    repair(database.folder, lambda: pytest.fail("no product is concerned"))
    assert [one for one in examine(database.folder) if one.kind == "record"] == found
