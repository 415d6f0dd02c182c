import unicodedata

import pytest

from echo_agent.errors import DatasetError
from echo_agent.evaluation.folder_layout import read_categories

from .photographs import write_photograph


@pytest.fixture
def listing(tmp_path):
    """Writes six photographs and a CSV file with the given lines beside them."""
    for number in range(4):
        write_photograph(tmp_path / "photos" / f"good{number}.png", 100)
    write_photograph(tmp_path / "photos" / "dent.png", 100, square=250)
    write_photograph(tmp_path / "photos" / "dent_a.png", 0, square=255)

    def write(*lines):
        (tmp_path / "plates.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_categories([tmp_path / "plates.csv"])

    return write


def test_a_split_parts_references_from_tests(listing):
    (category,) = listing(
        "image,label,split,mask",
        "photos/good0.png,good,train,",
        "photos/good1.png,good,train,",
        "photos/good2.png,good,test,",
        "photos/dent.png,dent,test,photos/dent_a.png",
    )
    assert category.name == "plates"
    assert [path.name for path in category.normals] == ["good0.png", "good1.png"]
    assert [(test.path.name, test.kind) for test in category.tests] == [
        ("dent.png", "dent"),
        ("good2.png", "good"),
    ]
    assert category.tests[0].mask((32, 24)).sum() == 64


def test_without_a_split_good_photographs_are_references_or_tests(listing):
    (category,) = listing(
        "path,label", *(f"photos/good{number}.png,0" for number in range(4)), "photos/dent.png,1"
    )
    assert len(category.normals) == 4
    tests = category.tests_beside(category.references(3, 1))
    assert [test.kind for test in tests] == ["defective", "good"]


def test_categories_are_told_apart_by_their_column(listing):
    found = listing(
        "category,image,label",
        "b,photos/good0.png,OK",
        "a,photos/good1.png,normal",
        "a,photos/dent.png,Dent",
        "b,photos/dent.png,Dent",
    )
    assert [category.name for category in found] == ["a", "b"]
    assert [test.kind for test in found[0].tests] == ["Dent", "good"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["image", "photos/good0.png"], "has no column label"),
        (["label,mask", "good,"], "has no column image"),
        (["image,label", "photos/none.png,good"], r"line 2: photos/none\.png is not there"),
        (["image,label", "photos/good0.png,good", "photos/dent.png,"], "line 3: the label is empty"),
        (["image,label"], "lists no photographs"),
        (["image,label", "photos/dent.png,dent"], "no good photographs to learn from of plates"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_the_place(listing, lines, message):
    with pytest.raises(DatasetError, match=message):
        listing(*lines)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match=r"none\.csv cannot be read as a table"):
        read_categories([tmp_path / "none.csv"])


def test_references_that_leave_nothing_to_test_are_an_error(listing):
    (category,) = listing("image,label", "photos/good0.png,good", "photos/good1.png,good")
    with pytest.raises(DatasetError, match="plates has no photographs left to test beside 2 references"):
        category.tests_beside(category.references(4, 0))


GOOD = [f"photos/good{number}.png" for number in range(4)]


def test_a_table_of_a_german_spreadsheet_is_read(tmp_path, listing):
    text = "Bild;Bewertung;Menge;Maske\r\n" + "".join(f"{path};i.O.;train;\r\n" for path in GOOD[:3])
    text += f"{GOOD[3]};0,0;test;\r\nphotos\\dent.png;Delle;test;photos/dent_a.png\r\n"
    for name, data in (("a.csv", text.encode("utf-8-sig")), ("b.csv", text.encode("utf-16"))):
        (tmp_path / name).write_bytes(data)
        (category,) = read_categories([tmp_path / name])
        assert [test.kind for test in category.tests] == ["Delle", "good"]
        assert len(category.tests[0].masks) == 1


def test_the_label_pass_is_good_and_an_unknown_one_is_asked_back(listing):
    (category,) = listing("image,label", *(f"{path},pass" for path in GOOD), "photos/dent.png,NG")
    assert len(category.normals) == 4
    with pytest.raises(DatasetError, match=r"plates\.csv has the label 'flush'"):
        listing("image,label", *(f"{path},pass" for path in GOOD), "photos/dent.png,flush")


def test_lines_of_val_and_double_lines_are_told_and_counted_once(listing):
    (category,) = listing(
        "image,label,split",
        *(f"{GOOD[0]},good,train", f"{GOOD[0]},good,train", f"{GOOD[1]},good,val"),
        *(f"{GOOD[2]},good,test", f"{GOOD[2]},OK,test", "photos/dent.png,dent,test"),
    )
    assert [len(category.normals), len(category.tests)] == [1, 2]
    assert category.notes == (
        "2 lines of photographs that are listed already: counted once",
        "1 lines of the split val: left out",
    )


def test_val_is_the_test_where_there_is_no_other(listing):
    (category,) = listing("image,label,split", f"{GOOD[0]},good,train", "photos/dent.png,dent,validation")
    assert [test.kind for test in category.tests] == ["dent"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("photos/good0.png,dent,", "line 3: photos/good0.png is dent here and good above"),
        ("photos/dent.png,dent,holdout", "line 3: 'holdout' is no split"),
        ("photos/dent.png,dent,test,more", "line 3: 4 cells under 3 names"),
    ],
)
def test_what_contradicts_itself_is_an_error_that_names_the_line(listing, line, message):
    with pytest.raises(DatasetError, match=message):
        listing("image,label,split", "photos/good0.png,good,", line)


def test_names_with_composed_letters_are_found(tmp_path, listing):
    write_photograph(tmp_path / unicodedata.normalize("NFD", "grün.png"), 100)
    (category,) = listing("image,label", *(f"{path},good" for path in GOOD), "grün.png,good")
    assert len(category.normals) == 5
