import json

import pytest

from echo_agent.errors import DatasetError
from echo_agent.evaluation.folder_layout import read_category
from echo_agent.evaluation.labels import Labels

from .photographs import write_mvtec_category, write_photograph


def read(tmp_path, *words, masked=()):
    return Labels().kinds(words, tmp_path, masked=masked)


@pytest.mark.parametrize(
    "word",
    ["good", "OK", "Good", "PASS", "i.O.", "Gut", "non-defective", "No_Defect", "0", "0,0", "FALSE", "良品"],
)
def test_the_fields_words_for_good_are_good_in_any_case(tmp_path, word):
    assert read(tmp_path, word) == {word: "good"}
    assert Labels().good(word)


@pytest.mark.parametrize(
    "word", ["NG", "n.i.O.", "not ok", "anomaly", "Scratch", "missing_4", "defect_019", "Riß", "Kratzer"]
)
def test_words_for_defective_and_names_of_defects_are_defects(tmp_path, word):
    assert read(tmp_path, word) == {word: word}


def test_numbers_and_truth_values_name_no_defect(tmp_path):
    assert set(read(tmp_path, "1", "1,0", "True").values()) == {"defective"}


@pytest.mark.parametrize("word", ["flush", "no_scratch", "good_2", "scratchless", "unlabelled", "1b"])
def test_a_word_that_says_neither_is_asked_back_by_name(tmp_path, word):
    with pytest.raises(DatasetError, match=f"{word}'.*--label '{word}'=defective"):
        read(tmp_path, "good", word)


def test_masks_and_a_persons_word_say_what_a_label_is(tmp_path):
    assert read(tmp_path, "flush", masked=["flush"]) == {"flush": "flush"}
    told = Labels.read(["Flush=good", "type 7=NG"])
    assert told.kinds(["flush", "Type_7"], tmp_path) == {"flush": "good", "Type_7": "Type_7"}
    with pytest.raises(DatasetError, match="write WORD=good or WORD=defective"):
        Labels.read(["flush"])


def test_folders_are_read_by_their_words_in_any_case(tmp_path):
    folder = write_mvtec_category(tmp_path / "plate")
    (folder / "train" / "good").rename(folder / "train" / "OK")
    (folder / "test" / "good").rename(folder / "test" / "Pass")
    category = read_category(folder)
    assert len(category.normals) == 4
    assert [test.kind for test in category.tests].count("good") == 2


def test_an_unknown_folder_is_asked_back_and_not_a_defect(tmp_path):
    folder = write_mvtec_category(tmp_path / "plate")
    write_photograph(folder / "test" / "flush" / "0.png", 100)
    with pytest.raises(DatasetError, match="test has the label 'flush': is that good or a defect"):
        read_category(folder)
    kinds = [test.kind for test in read_category(folder, Labels.read(["flush=good"])).tests]
    assert kinds.count("good") == 3


def test_the_benchmarks_own_words_are_known(test_data):
    known = json.loads((test_data / "mmad_domain_knowledge.json").read_text(encoding="utf-8"))
    words = {word for classes in known.values() for kinds in classes.values() for word in kinds}
    unknown = {word for word in words if not Labels().good(word)}
    for word in ("fabric_border", "fabric_interior"):  # MVTec AD masks them
        unknown.discard(word)
    assert set(Labels().kinds(unknown, test_data).values()) == unknown
