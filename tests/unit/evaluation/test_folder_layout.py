import random
import shutil

import numpy as np
import pytest
from PIL import Image

from echo_agent.errors import DatasetError
from echo_agent.evaluation.folder_layout import read_categories, read_category

from .photographs import (
    write_ad2_category,
    write_flat_category,
    write_loco_category,
    write_mvtec_category,
    write_prepared_visa_category,
    write_published_visa,
)


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
    ("missing", "message"),
    [("train", "plate holds no photographs of good parts to learn from"), ("test", "has no folder test")],
)
def test_a_folder_of_another_layout_is_an_error_that_says_what_is_missing(mvtec_category, missing, message):
    (mvtec_category / missing).rename(mvtec_category / "elsewhere")
    with pytest.raises(DatasetError, match=message):
        read_category(mvtec_category).references(4, 0)


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="not a folder"):
        read_category(tmp_path / "nothing")


def test_masks_are_boolean(mvtec_category):
    assert read_category(mvtec_category).tests[0].mask((32, 24)).dtype == np.bool_


def truths(category):
    """Kind and number of marked pixels of each test; None where the truth is not known."""
    found = []
    for test in category.tests:
        mask = test.mask((32, 24))
        found.append((test.kind, None if mask is None else int(mask.sum())))
    return found


def test_loco_unites_the_mask_files_of_a_photograph(tmp_path):
    category = read_category(write_loco_category(tmp_path / "juice"))
    assert len(category.normals) == 3
    assert truths(category) == [("good", 0), ("logical_anomalies", 64 + 16), ("structural_anomalies", 64)]


def test_ad2_reads_the_public_test_only(tmp_path):
    category = read_category(write_ad2_category(tmp_path / "can"))
    assert [path.name for path in category.normals] == [f"{number:03}_regular.png" for number in range(3)]
    assert truths(category) == [("bad", 64), ("good", 0)]


def test_prepared_visa_has_masks_of_the_photographs_names(tmp_path):
    category = read_category(write_prepared_visa_category(tmp_path / "candle"))
    assert len(category.normals) == 3
    assert truths(category) == [("bad", 64), ("good", 0)]


def test_published_visa_is_read_by_its_split_whole_or_one_category(tmp_path):
    root = write_published_visa(tmp_path / "visa")
    candle, fryum = read_categories([root])
    assert (candle.name, fryum.name) == ("candle", "fryum")
    assert len(candle.normals) == 3
    assert truths(candle) == [("anomaly", 64), ("good", 0)]
    assert read_categories([root / "fryum"]) == [fryum]
    assert read_category(root / "fryum") == fryum


def test_flat_tests_are_what_was_not_chosen_as_reference(tmp_path):
    category = read_category(write_flat_category(tmp_path / "plate"))
    assert truths(category) == [("dent", 64), ("dent", None), *[("good", 0)] * 4]
    references = category.references(3, 0)
    tests = category.tests_beside(references)
    assert not {test.path for test in tests} & set(references)
    assert [test.kind for test in tests] == ["dent", "dent", "good"]


def test_a_folder_of_categories_is_read_as_all_of_them_in_any_layout(tmp_path):
    write_mvtec_category(tmp_path / "plate")
    write_flat_category(tmp_path / "disc")
    write_loco_category(tmp_path / "juice")
    (tmp_path / "papers").mkdir()
    assert [category.name for category in read_categories([tmp_path])] == ["disc", "juice", "plate"]
    assert [one.name for one in read_categories([tmp_path / "plate", tmp_path / "disc"])] == ["plate", "disc"]


def test_a_folder_without_categories_is_an_error_that_names_the_layouts(tmp_path):
    with pytest.raises(DatasetError, match="holds no category: Echo reads train/good and test/<kind>"):
        read_categories([tmp_path])


def test_what_programs_leave_behind_stops_nothing(tmp_path):
    write_mvtec_category(tmp_path / "plate")
    write_mvtec_category(tmp_path / "__MACOSX" / "plate")
    (tmp_path / "empty" / "test").mkdir(parents=True)
    (category,) = read_categories([tmp_path])
    assert category.name == "plate"
    assert any("1 folder" in line and "empty" in line for line in category.checked())


def test_tests_that_show_a_reference_are_left_out_however_they_were_saved(mvtec_category):
    picture = Image.open(mvtec_category / "train" / "good" / "000.png")
    picture.convert("RGB").save(mvtec_category / "test" / "good" / "copy.bmp")
    category = read_category(mvtec_category).apart()
    assert "copy.bmp" not in {test.path.name for test in category.tests}
    assert category.checked()[-1] == (
        "plate: 1 test (good/copy.bmp) that show the picture of a reference: left out"
    )


def test_a_products_references_are_no_tests_where_all_normals_may_be(tmp_path):
    folder = write_flat_category(tmp_path / "plate")
    registered = tmp_path / "kept.bmp"
    Image.open(folder / "good" / "2.png").save(registered)
    category = read_category(folder).apart([registered])
    assert [test.path.name for test in category.tests if not test.defective] == ["0.png", "1.png", "3.png"]
    assert read_category(folder).apart().notes == ()


def test_a_test_without_good_parts_is_told(mvtec_category):
    shutil.rmtree(mvtec_category / "test" / "good")
    assert any("no test is good" in line for line in read_category(mvtec_category).checked())


def test_half_of_a_limited_choice_is_good(mvtec_category):
    category = read_category(mvtec_category)
    assert [test.kind for test in category.of_both_kinds(2)] == ["good", "dent"]
    assert len(category.of_both_kinds()) == 5
    shutil.rmtree(mvtec_category / "test" / "good")
    with pytest.raises(DatasetError, match="photographs of both kinds"):
        read_category(mvtec_category).of_both_kinds()
