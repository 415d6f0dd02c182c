"""What a person says of photographs, by one label or in a table."""

import pytest

from echo_agent.errors import DatasetError
from echo_agent.evaluation.told import read_told


@pytest.fixture
def folder(tmp_path):
    for name in ("b.png", "a.png", "note.md"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def told(*arguments, **usual):
    return [
        (one.path.name, one.label, one.defect_type, one.product, one.who)
        for one in read_told(*arguments, usual)
    ]


def test_one_label_holds_for_files_and_folders(folder):
    said = told([folder, folder / "b.png"], ["defective"], who="Ann", product=None, defect_type="dent")
    assert said == [(name, "defective", "dent", None, "Ann") for name in ("a.png", "b.png", "b.png")]


@pytest.mark.parametrize(
    ("labels", "remedy"),
    [([], "--label normal"), (["flush=good"], "--label normal"), (["fine"], "--label 'fine'=defective")],
)
def test_without_a_label_that_is_known_nothing_is_guessed(folder, labels, remedy):
    with pytest.raises(DatasetError, match=remedy):
        told([folder], labels)


def test_a_table_says_it_for_each_photograph(folder):
    table = folder / "shift.csv"
    table.write_text(
        "Bild;Befund;Typ;Teil;Wer\na.png;i.O.;;;\nb.png;Kratzer;;plate;Ben\na.png;NG;dent;;\n",
        encoding="utf-8-sig",
    )
    assert told([table], [], who="Ann", product="cap") == [
        ("a.png", "normal", None, "cap", "Ann"),
        ("b.png", "defective", "Kratzer", "plate", "Ben"),
        ("a.png", "defective", "dent", "cap", "Ann"),
    ]


def test_a_word_that_says_neither_is_asked_for_and_can_be_told(folder):
    table = folder / "shift.csv"
    table.write_text("image,label\na.png,flush\n")
    with pytest.raises(DatasetError, match=r"'flush': is that good or a defect\? Say so: --label"):
        told([table], [])
    assert told([table], ["flush=good"]) == [("a.png", "normal", None, None, "")]
    table.write_text("image,label\nnone.png,good\n")
    with pytest.raises(DatasetError, match=r"none\.png is not there"):
        told([table], [])
