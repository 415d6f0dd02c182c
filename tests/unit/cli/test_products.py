import json

import pytest

from echo_agent.memory.catalog import write_catalog
from echo_agent.memory.product import Catalog, ProductRecord
from tests.unit.cli.conftest import PROMISE
from tests.verdicts import a_reference


@pytest.fixture
def memory(tmp_path):
    """A folder with a catalog in which ``plate`` and ``bolt`` stand, and nothing else."""
    records = {
        name: ProductRecord(
            name=name,
            version=1,
            encoder="tiny/64",
            folder=f"products/{name}-1",
            references=(a_reference("/a.png").image, a_reference("/b.png").image),
            similarity_floor=0.9,
            created="2026-11-23",
            guarantee=PROMISE,
        )
        for name in ("plate", "bolt")
    }
    write_catalog(tmp_path, Catalog(encoder="tiny/64", encoder_name="tiny", products=records))
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
