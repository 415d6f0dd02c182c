import pytest

from echo_agent.errors import StoreError
from echo_agent.memory.catalog import read_catalog, write_catalog
from echo_agent.memory.product import Catalog


def a_catalog(**changes):
    return Catalog(**({"encoder": "e/1", "encoder_name": "e", "generation": 3} | changes))


def test_what_is_written_is_read_and_nothing_else_is_left(tmp_path):
    write_catalog(tmp_path, a_catalog())
    write_catalog(tmp_path, a_catalog(generation=4))
    assert read_catalog(tmp_path) == a_catalog(generation=4)
    assert [file.name for file in tmp_path.iterdir()] == ["catalog.json"]


def test_a_folder_without_a_catalog_holds_none(tmp_path):
    assert read_catalog(tmp_path) is None
    assert read_catalog(tmp_path / "none") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"encoder": 1}', "\xff"])
def test_what_is_no_catalog_is_named(tmp_path, text):
    (tmp_path / "catalog.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(StoreError, match=r"catalog\.json is no catalog.*register into a new folder"):
        read_catalog(tmp_path)


def test_a_newer_format_is_not_guessed_at(tmp_path):
    write_catalog(tmp_path, a_catalog(format=2))
    with pytest.raises(StoreError, match="format 2"):
        read_catalog(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(StoreError, match="none cannot be written"):
        write_catalog(tmp_path / "none", a_catalog())
