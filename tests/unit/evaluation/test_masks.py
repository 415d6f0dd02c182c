import numpy as np
import pytest
from PIL import Image, ImageDraw

from echo_agent.errors import DatasetError
from echo_agent.evaluation.folder_layout import read_category
from echo_agent.evaluation.masks import read_mask

from .photographs import write_mvtec_category, write_photograph

SIZE = (64, 48)
TRUTH = np.zeros(SIZE[::-1], dtype=bool)
TRUTH[10:30, 20:44] = True


def saved(tmp_path, image, name="mask.png", **options):
    image.save(tmp_path / name, **options)
    return read_mask(tmp_path / name, SIZE)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
@pytest.mark.parametrize("name", ["mask.png", "mask.tif"])
def test_ids_of_any_depth_mark_the_defect(tmp_path, dtype, name):
    if dtype == np.int32 and name == "mask.png":
        dtype = np.uint16
    assert np.array_equal(saved(tmp_path, Image.fromarray(TRUTH.astype(dtype) * 3), name), TRUTH)


def test_floats_and_single_bits_mark_the_defect(tmp_path):
    assert np.array_equal(saved(tmp_path, Image.fromarray(TRUTH.astype(np.float32)), "mask.tif"), TRUTH)
    assert np.array_equal(saved(tmp_path, Image.fromarray(TRUTH)), TRUTH)


def test_colour_on_a_transparent_ground_marks_only_the_colour(tmp_path):
    image = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (20, 10, 44, 30))
    assert np.array_equal(saved(tmp_path, image), TRUTH)
    white = Image.new("RGBA", SIZE, (255, 255, 255, 0))
    white.paste((255, 0, 0, 128), (20, 10, 44, 30))
    assert np.array_equal(saved(tmp_path, white), TRUTH)
    opaque = Image.new("RGBA", SIZE, (0, 0, 0, 255))
    opaque.paste((255, 0, 0, 255), (20, 10, 44, 30))
    assert np.array_equal(saved(tmp_path, opaque), TRUTH)


def test_a_palette_is_read_by_its_colours_not_by_their_order(tmp_path):
    image = Image.fromarray(np.where(TRUTH, 0, 1).astype(np.uint8), mode=None).convert("P")
    image.putpalette([255, 255, 255, 0, 0, 0])
    assert np.array_equal(saved(tmp_path, image), TRUTH)
    ids = Image.fromarray(TRUTH.astype(np.uint8) * 2).convert("P")
    ids.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    assert np.array_equal(saved(tmp_path, ids), TRUTH)


def test_a_lossy_mask_does_not_ring(tmp_path):
    image = Image.fromarray(TRUTH.astype(np.uint8) * 255)
    ImageDraw.Draw(image).line((0, 47, 63, 40), fill=0)
    assert np.array_equal(saved(tmp_path, image, "mask.jpg", quality=60), TRUTH)


def test_a_mask_that_cannot_be_understood_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="faint lossy mask"):
        saved(tmp_path, Image.fromarray(TRUTH.astype(np.uint8) * 9), "mask.jpg")
    with pytest.raises(DatasetError, match="several pages"):
        saved(tmp_path, Image.new("L", SIZE), "mask.tif", save_all=True, append_images=[Image.new("L", SIZE)])
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(DatasetError, match=r"broken\.png cannot be read"):
        read_mask(tmp_path / "broken.png", SIZE)


@pytest.mark.parametrize("ending", ["_mask.PNG", "_gt.png", "-GT.bmp", ".JPG", "_Mask_2.png", " label.tif"])
def test_masks_are_found_by_the_fields_names(tmp_path, ending):
    folder = write_mvtec_category(tmp_path / "plate")
    (folder / "ground_truth" / "dent" / "000_mask.png").unlink()
    write_photograph(folder / "ground_truth" / "Dent" / f"000{ending}", 0, square=255)
    (folder / "ground_truth" / "dent" / "001_mask.png").rename(
        folder / "ground_truth" / "Dent" / "001_mask.png"
    )
    (folder / "ground_truth" / "dent").rmdir()
    category = read_category(folder)
    assert [len(test.masks) for test in category.tests if test.kind == "dent"] == [1, 1]
    assert category.notes == ()


def test_several_masks_of_a_photograph_are_united(tmp_path):
    folder = write_mvtec_category(tmp_path / "plate")
    write_photograph(folder / "ground_truth" / "dent" / "000_mask_2.png", 0, size=(32, 24)).write_bytes(
        (folder / "ground_truth" / "dent" / "001_mask.png").read_bytes()
    )
    first = next(test for test in read_category(folder).tests if test.kind == "dent")
    assert len(first.masks) == 2


def test_what_is_matched_with_nothing_is_told_with_its_count(tmp_path):
    folder = write_mvtec_category(tmp_path / "plate")
    (folder / "ground_truth" / "dent" / "001_mask.png").rename(folder / "ground_truth" / "dent" / "other.png")
    (folder / "test" / "crack").mkdir()
    (folder / "test" / "__MACOSX").mkdir()
    lines = read_category(folder).checked()
    assert (
        lines[0]
        == "plate: 4 good photographs to learn from; tests: 2 good, 3 defective, 1 of them with masks"
    )
    assert (
        "plate: 2 defective tests (dent/001.png, stain/000.png) without a mask: their pixels are not counted"
        in lines
    )
    assert "plate: 1 mask (dent/other.png) of no test photograph: left out" in lines
    assert "plate: 1 folder (test/crack) without a photograph: left out" in lines
    assert not any("MACOSX" in line for line in lines)
