import numpy as np
import pytest
from PIL import Image

from echo_agent.report.overlay import overlay
from echo_agent.state import Box, Region


def region(left, top, right, bottom, name="R1"):
    return Region(
        id=name,
        box=Box(left=left, top=top, right=right, bottom=bottom),
        area_px=10,
        area_px_low=8,
        area_px_high=12,
        length_px=5.0,
        peak=2.0,
        mean=1.5,
        place="centre",
    )


@pytest.fixture
def grey():
    return Image.new("RGB", (90, 60), (120, 120, 120))


def test_a_good_parts_photograph_is_unchanged(grey):
    quiet = np.full((15, 20), 0.49, dtype=np.float32)
    np.testing.assert_array_equal(np.asarray(overlay(grey, quiet)), np.asarray(grey))


def test_only_the_hot_place_is_coloured_whatever_the_maps_resolution(grey):
    values = np.zeros((12, 18), dtype=np.float32)
    values[6:, 9:] = 2.0
    drawn = np.asarray(overlay(grey, values)).astype(int)
    assert (drawn[:25, :40] == 120).all()
    assert drawn[50, 80, 0] > drawn[50, 80, 2] + 60


def test_a_regions_box_is_drawn_where_it_lies(grey):
    drawn = np.asarray(overlay(grey, None, [region(30, 30, 60, 50)])).astype(int)
    assert (drawn[40, 29] > 240).all()
    assert (drawn[40, 45] == 120).all()


def test_boxes_are_scaled_with_the_picture():
    large = Image.new("RGB", (1000, 500), (120, 120, 120))
    drawn = overlay(large, None, [region(500, 250, 900, 450)], longest_side=200)
    assert drawn.size == (200, 100)
    pixels = np.asarray(drawn).astype(int)
    assert (pixels[70, 99] > 240).all()
    assert (pixels[20, 20] == 120).all()


def test_a_small_picture_is_enlarged_so_that_names_can_be_read(grey):
    drawn = overlay(grey, None, [region(30, 30, 60, 50)], longest_side=900)
    assert drawn.size == (900, 600)
    assert (np.asarray(drawn)[400, 298] > 240).all()


def test_regions_at_the_border_and_tiny_pictures_are_drawn():
    tiny = Image.new("RGB", (3, 2))
    drawn = overlay(tiny, np.full((1, 1), 5, dtype=np.float32), [region(0, 0, 3, 2)])
    assert drawn.size == (3, 2)


def test_the_photograph_given_is_not_drawn_on(grey):
    overlay(grey, np.full((2, 2), 3, dtype=np.float32), [region(1, 1, 20, 20)])
    assert (np.asarray(grey) == 120).all()


def test_other_modes_are_drawn_in_colour():
    assert overlay(Image.new("L", (20, 20), 99), np.full((4, 4), 2, dtype=np.float32)).mode == "RGB"
