import random

import numpy as np
import pytest

from echo_agent.errors import DatasetError
from echo_agent.evaluation.folder_layout import read_category


def test_mvtec_layout_gives_references_tests_and_masks(mvtec_category):
    category = read_category(mvtec_category)
    assert category.name == "plate"
    assert [path.name for path in category.normals] == ["000.png", "001.png", "002.png", "003.png"]
    assert [(test.kind, test.defective, len(test.masks)) for test in category.tests] == [
        ("dent", True, 1),
        ("dent", True, 1),
        ("good", False, 0),
        ("good", False, 0),
        ("stain", True, 0),
    ]


def test_references_are_the_first_of_the_shuffled_sorted_names(mvtec_category):
    category = read_category(mvtec_category)
    names = sorted(path.name for path in (mvtec_category / "train" / "good").iterdir())
    random.Random(7).shuffle(names)
    assert [path.name for path in category.references(3, 7)] == names[:3]
    assert len(category.references(100, 0)) == 4


def test_a_mask_marks_the_defect_and_a_missing_mask_says_nothing(mvtec_category):
    dent, _, good, _, stain = read_category(mvtec_category).tests
    marked = dent.mask((32, 24))
    assert marked.shape == (24, 32)
    assert marked.sum() == 64
    assert marked[4, 4]
    assert not good.mask((32, 24)).any()
    assert stain.mask((32, 24)) is None


def test_a_mask_of_another_size_is_an_error_that_names_it(mvtec_category):
    dent = read_category(mvtec_category).tests[0]
    with pytest.raises(DatasetError, match=r"000_mask\.png is 32 x 24 pixels and its photograph 64 x 24"):
        dent.mask((64, 24))


@pytest.mark.parametrize(
    ("missing", "message"), [("train", "train/good holds no photographs"), ("test", "has no folder test")]
)
def test_a_folder_of_another_layout_is_an_error_that_says_what_is_missing(mvtec_category, missing, message):
    (mvtec_category / missing).rename(mvtec_category / "elsewhere")
    with pytest.raises(DatasetError, match=message):
        read_category(mvtec_category)


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="not a folder"):
        read_category(tmp_path / "nothing")


def test_masks_are_boolean(mvtec_category):
    assert read_category(mvtec_category).tests[0].mask((32, 24)).dtype == np.bool_
