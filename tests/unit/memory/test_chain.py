"""A record that was changed, put in or taken out after it was written is found; what retention lets go is not."""

import sqlite3

import pytest

from echo_agent.memory.answers import Feedback, add_answer, take_answer_back
from echo_agent.memory.database import FILE_NAME, SCHEMA_VERSION, Database
from echo_agent.memory.inspections import Inspections, remove_oldest
from echo_agent.state import HumanAnswer
from tests.inspection import an_image
from tests.verdicts import a_verdict


@pytest.fixture
def database(tmp_path):
    return Database(tmp_path)


@pytest.fixture
def inspections(database):
    inspections = Inspections(database)
    for _ in range(5):
        inspections.add(an_image(), a_verdict())
    said = Feedback(
        id="a1", product="plate", image=an_image(), proposed="normal", answer=HumanAnswer(action="accept")
    )
    with database.writing() as connection:
        add_answer(connection, database.folder, said)
        take_answer_back(connection, "a1")
    return inspections


def tampered(database, statement):
    database.close()
    with sqlite3.connect(database.file) as connection:
        connection.execute(statement)
    connection.close()


def test_untouched_records_are_as_they_were_written(inspections):
    found = inspections.check()
    assert (found.records, found.removed, found.unchained, found.changed) == (7, 0, 0, ())
    inspections.add(an_image(), a_verdict())
    assert inspections.check().head != found.head


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE inspection SET record = replace(record, '0.93', '0.94') WHERE number = 3", "was changed"),
        ("UPDATE inspection SET label = 'normal' WHERE number = 3", "was changed"),
        ("UPDATE answer SET said = replace(said, 'accept', 'photo')", "the answer a1 was changed"),
        ("UPDATE answer SET undone = NULL", "was changed"),
        ("DELETE FROM answer", "the answer a1 was taken out"),
        ("DELETE FROM chain WHERE number = 2", "its link, or one before it"),
        ("UPDATE chain SET digest = 'x' WHERE number = 2", "its link, or one before it"),
    ],
)
def test_what_was_changed_is_told(database, inspections, statement, told):
    tampered(database, statement)
    found = inspections.check()
    assert any(told in sentence for sentence in found.changed)
    assert len(found.changed) <= 2


def test_an_answer_that_nobody_took_back_is_told(database, inspections):
    said = Feedback(
        id="a2", product="plate", image=an_image(), proposed="normal", answer=HumanAnswer(action="accept")
    )
    with database.writing() as connection:
        add_answer(connection, database.folder, said)
    tampered(database, "UPDATE answer SET undone = 'now' WHERE id = 'a2'")
    assert inspections.check().changed == ("the answer a2 is marked as taken back, which nobody did",)


def test_a_record_beside_the_chain_is_counted(database, inspections):
    tampered(
        database,
        "INSERT INTO inspection (id, sha256, moment, label, record) SELECT 'x', sha256, moment, label, record "
        "FROM inspection WHERE number = 1",
    )
    assert inspections.check().unchained == 1


def test_what_is_no_longer_kept_is_one_link_and_no_change(database, inspections):
    for _ in range(2):
        with database.writing() as connection:
            remove_oldest(connection, 2, "9999")
        inspections.add(an_image(), a_verdict())
        found = inspections.check()
        assert found.changed == ()
    assert (found.records, found.removed) == (5, 4)
    tampered(database, "UPDATE inspection SET label = 'normal' WHERE number = 5")
    assert len(inspections.check().changed) == 1


def test_a_file_of_format_1_gets_its_chain_with_the_next_record(database, inspections):
    tampered(database, "DROP TABLE chain")
    tampered(database, "PRAGMA user_version = 1")
    assert (inspections.check().unchained, inspections.check().changed) == (5, ())
    inspections.add(an_image(), a_verdict())
    found = inspections.check()
    assert (found.records, found.unchained) == (1, 6)
    with sqlite3.connect(database.folder / FILE_NAME) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    connection.close()
