import json

import pytest

from echo_agent.memory.catalog import existing
from echo_agent.memory.database import Database
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.versions import add_version
from echo_agent.state import ImageRef
from tests.unit.cli.conftest import PROMISE


@pytest.fixture
def memory(tmp_path):
    """A folder with a database in which ``plate`` and ``bolt`` stand, and nothing else."""
    images = tuple(
        ImageRef(uri=str(tmp_path / f"images/{name}.png"), sha256=name * 64, width=8, height=8)
        for name in "ab"
    )
    with Database(tmp_path).writing() as connection:
        connection.execute("INSERT INTO memory VALUES (1, 'tiny/64', 'tiny', 1)")
        for name in ("plate", "bolt"):
            record = ProductRecord(
                name=name,
                version=1,
                encoder="tiny/64",
                folder=f"products/{name}-1",
                references=images,
                similarity_floor=0.9,
                created="2026-11-23",
                guarantee=PROMISE,
            )
            add_version(connection, tmp_path, record, embeddings=None, files={}, answers={})
    return tmp_path


def test_the_table_names_products_with_references_and_encoder(echo, memory, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    code, out, _ = echo("products", "--memory", memory)
    assert code == 0
    for words in ("plate", "2", "tiny/64", "33 %", "78 %", "2026-11-23"):
        assert words in out


def test_json_is_a_list_on_one_line_by_name(echo, memory):
    _, out, _ = echo("products", "--json", "--memory", memory)
    assert out.count("\n") == 1
    assert [record["name"] for record in json.loads(out)] == ["bolt", "plate"]


def test_listing_where_there_is_no_memory_says_how_to_make_one(echo, tmp_path):
    code, out, err = echo("products", "--memory", tmp_path / "none")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert f"{tmp_path / 'none'} holds no memory: register a product first" in err


def test_the_history_tells_each_version_and_what_made_it(echo, memory, monkeypatch):
    database = Database(memory)
    later = (
        existing(database)
        .products["plate"]
        .model_copy(update={"version": 2, "folder": "products/plate-2", "origin": "added 1 photograph"})
    )
    with database.writing() as connection:
        answers = {later.references[0].sha256: "a1"}
        add_version(connection, memory, later, embeddings=None, files={}, answers=answers)
    code, out, _ = echo("products", "history", "plate", "--memory", memory)
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert lines[1][:3] == ["2", "2", "1"]
    assert lines[2][:3] == ["1", "2", "0"]
    assert lines[1][-3:] == ["added", "1", "photograph"]
    told = json.loads(echo("products", "history", "plate", "--json", "--memory", memory)[1])
    assert [record["version"] for record in told] == [2, 1]
    code, _, err = echo("products", "history", "gear", "--memory", memory)
    assert (code, err.count("\n")) == (1, 1)
    assert "unknown product 'gear' (registered: bolt, plate)" in err


def test_remove_says_what_is_gone(echo, fake_inspector, tmp_path):
    assert echo("products", "--memory", tmp_path, "remove", "plate")[:2] == (
        0,
        f"plate is removed from {tmp_path}.\n",
    )
    assert echo("products", "remove", "plate", "--memory", tmp_path)[0] == 0


def test_removing_what_is_not_there_is_an_error_on_one_line(echo, fake_inspector):
    code, out, err = echo("products", "remove", "bolt")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "bolt is not registered" in err


@pytest.mark.parametrize("command", [("records",), ("records", "--waiting"), ("feedback", "--list")])
def test_a_list_of_a_product_that_there_is_not_is_no_empty_list(echo, memory, command):
    code, out, err = echo(*command, "--product", "Plate", "--memory", memory)
    assert (code, out) == (1, "")
    assert "unknown product 'Plate': it is registered as 'plate'" in err
    assert echo(*command, "--product", "plate", "--memory", memory)[0] == 0
