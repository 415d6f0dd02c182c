"""One transaction for one act, in a file that tells its version."""

import sqlite3

import pytest

from echo_agent.errors import StoreError
from echo_agent.memory.database import FILE_NAME, SCHEMA_VERSION, Database


def generation(database):
    with database.reading() as connection:
        return connection.execute("SELECT generation FROM memory").fetchone()


def begin(connection):
    connection.execute("INSERT INTO memory VALUES (1, 'e/1', 'e', 1)")


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path)
    with database.writing() as connection:
        begin(connection)
    return database


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_an_act_that_stops_half_way_changes_nothing(database, stop):
    def half(connection):
        connection.execute("UPDATE memory SET generation = 2")
        raise stop

    with pytest.raises(stop), database.writing() as connection:
        half(connection)
    assert generation(database) == generation(Database(database.folder)) == (1,)


def test_a_file_whose_making_was_stopped_holds_no_memory_and_is_made_anew(tmp_path):
    def half(connection):
        begin(connection)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Database(tmp_path).writing() as connection:
        half(connection)
    again = Database(tmp_path)
    assert not again.exists()
    with again.writing() as connection:
        begin(connection)
    assert again.exists()


def test_a_reader_sees_one_state_while_another_writes(database):
    beside = Database(database.folder)
    with database.reading() as connection:
        connection.execute("SELECT * FROM memory").fetchone()
        with beside.writing() as other:
            other.execute("UPDATE memory SET generation = 2")
        assert connection.execute("SELECT generation FROM memory").fetchone() == (1,)
    assert generation(database) == (2,)


def test_a_memory_that_was_replaced_at_its_place_is_read_anew(database, tmp_path):
    assert generation(database) == (1,)
    (tmp_path / "other").mkdir()
    other = Database(tmp_path / "other")
    with other.writing() as connection:
        connection.execute("INSERT INTO memory VALUES (1, 'e/1', 'e', 7)")
    other.close()
    for gone in tmp_path.glob(f"{FILE_NAME}*"):
        gone.unlink()
    other.file.rename(database.file)
    assert generation(database) == (7,)


def test_a_newer_version_is_refused_with_the_remedy(database):
    database.close()
    with sqlite3.connect(database.file) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(StoreError, match=rf"has format {SCHEMA_VERSION + 1}.*use the newer Echo"):
        database.exists()


def test_another_programs_file_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(StoreError, match="is no memory of Echo"):
        Database(tmp_path).exists()
    assert (tmp_path / FILE_NAME).read_bytes() == before


@pytest.mark.parametrize("content", [b"no database" * 500, "cut", "torn"])
def test_a_damaged_file_is_named_with_the_remedy(database, content):
    database.close()
    whole = database.file.read_bytes()
    if content == "cut":
        content = whole[: len(whole) // 3]
    elif content == "torn":
        content = whole[:4096] + bytes(len(whole) - 4096)
    database.file.write_bytes(content)
    with pytest.raises(StoreError, match=r"memory\.sqlite3 is damaged.*echo-agent doctor --memory"):
        generation(database)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with (
        pytest.raises(StoreError, match="none holds no memory that can be opened"),
        Database(tmp_path / "none").writing(),
    ):
        pass
