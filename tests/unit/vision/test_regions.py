import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial.distance import pdist

from echo_agent.state import MAX_REGIONS
from echo_agent.vision.anomaly_map import at_size
from echo_agent.vision.regions import find_regions, longest_extent, place_in_words


def drawn(*shapes, size=(300, 200), ground=0.2):
    picture = Image.new("F", size, ground)
    draw = ImageDraw.Draw(picture)
    for kind, box, value in shapes:
        getattr(draw, kind)(box, fill=value)
    return np.asarray(picture, dtype=np.float32)


def test_nothing_stands_out():
    assert find_regions(drawn()) == ()


def test_a_rectangle_is_measured():
    (region,) = find_regions(drawn(("rectangle", (30, 20, 69, 39), 2.0)))
    assert region.id == "R1"
    assert region.box.model_dump() == {"left": 30, "top": 20, "right": 70, "bottom": 40}
    assert region.area_px == region.area_px_low == region.area_px_high == 40 * 20
    assert region.length_px == pytest.approx(np.hypot(40, 20))
    assert region.peak == region.mean == 2.0
    assert region.place == "top left"


def test_a_disc_is_measured():
    (region,) = find_regions(drawn(("ellipse", (130, 80, 170, 120), 1.5)))
    assert region.area_px == pytest.approx(np.pi * 20.5**2, rel=0.03)
    assert region.length_px == pytest.approx(41, rel=0.03)
    assert region.place == "centre"


def test_a_slanting_scratch_is_as_long_as_it_was_drawn():
    picture = Image.new("F", (300, 200), 0.0)
    ImageDraw.Draw(picture).line((50, 150, 200, 40), fill=3.0, width=1)
    (region,) = find_regions(np.asarray(picture))
    assert region.length_px == pytest.approx(np.hypot(151, 111), rel=0.01)
    assert region.place == "centre"


def test_the_border_lies_at_a_share_of_the_height_and_its_uncertainty_on_both_sides():
    steps = [("rectangle", (40, 40, 99, 99), 1.0), ("rectangle", (50, 50, 89, 89), 1.4)]
    (region,) = find_regions(drawn(*steps, ("rectangle", (60, 60, 79, 79), 1.9)))
    assert (region.area_px_low, region.area_px, region.area_px_high) == (20 * 20, 40 * 40, 60 * 60)


@pytest.mark.parametrize("height", [2.0, 4.0, 16.0])
@pytest.mark.parametrize("side", [40, 60])
def test_a_blurred_square_is_as_large_as_it_was_drawn_however_much_it_stands_out(height, side):
    sharp = drawn(("rectangle", (60, 60, 59 + side, 59 + side), height), ground=0.3)
    (region,) = find_regions(ndimage.gaussian_filter(sharp, 4))
    assert region.area_px == pytest.approx(side**2, rel=0.25)
    assert region.area_px_low < region.area_px < region.area_px_high


def test_a_faint_region_may_be_none():
    assert find_regions(drawn(("rectangle", (40, 40, 99, 99), 1.2)))[0].area_px_low == 0
    assert find_regions(drawn(("rectangle", (40, 40, 99, 99), 1.3)))[0].area_px_low == 3600


def test_what_makes_an_image_stand_out_is_not_doubted():
    faint = drawn(("rectangle", (40, 40, 99, 99), 1.2), ("rectangle", (200, 40, 219, 59), 1.1))
    assert [region.area_px_low for region in find_regions(faint, stands_out=True)] == [3600, 0]


def test_a_weak_defect_beside_a_strong_one_is_measured_too():
    both = drawn(("rectangle", (40, 60, 79, 99), 9.0), ("rectangle", (100, 60, 139, 99), 2.5), ground=0.3)
    regions = find_regions(ndimage.gaussian_filter(both, 6))
    assert [region.id for region in regions] == ["R1", "R2"]
    assert regions[0].box.right <= 90 <= regions[1].box.left + 6


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_a_large_map_is_measured_in_its_own_pixels(factor):
    small = ndimage.gaussian_filter(drawn(("rectangle", (60, 60, 99, 119), 3.0), size=(256, 200)), 5)
    (one,) = find_regions(small)
    (other,) = find_regions(np.repeat(np.repeat(small, factor, axis=0), factor, axis=1))
    assert other.area_px == pytest.approx(one.area_px * factor**2, rel=0.03)
    assert other.length_px == pytest.approx(one.length_px * factor, rel=0.03)
    assert other.box.left == pytest.approx(one.box.left * factor, abs=2 * factor)


def test_the_threshold_belongs_to_the_region():
    at, below = np.float32(1.0), np.nextafter(np.float32(1.0), np.float32(0))
    assert find_regions(np.full((20, 20), at, dtype=np.float32))
    assert not find_regions(np.full((20, 20), below, dtype=np.float32))


def test_another_threshold_finds_fainter_areas():
    faint = drawn(("rectangle", (30, 20, 69, 39), 0.7))
    assert not find_regions(faint)
    assert find_regions(faint, threshold=0.5)[0].area_px == 800


def test_specks_are_noise_and_corners_connect():
    size = (300, 200)
    speck = drawn(("rectangle", (10, 10, 11, 11), 9.0), size=size)
    assert not find_regions(speck)
    diagonal = np.zeros((200, 300), dtype=np.float32)
    for step in range(30):
        diagonal[step, step] = 2.0
    assert len(find_regions(diagonal)) == 1


def test_at_most_ten_regions_highest_peak_first():
    squares = [
        ("rectangle", (20 * column, 20 * row, 20 * column + 9, 20 * row + 9), 1.5 + 0.1 * (row * 5 + column))
        for row in range(4)
        for column in range(5)
    ]
    regions = find_regions(drawn(*squares))
    assert len(regions) == MAX_REGIONS == 10
    assert [region.id for region in regions] == [f"R{number}" for number in range(1, 11)]
    peaks = [region.peak for region in regions]
    assert peaks == sorted(peaks, reverse=True)
    assert peaks[0] == pytest.approx(3.4)


@settings(max_examples=60)
@given(arrays(np.float32, (12, 16), elements=st.floats(0, 2, width=32)))
def test_regions_cover_what_is_suspicious(anomaly_map):
    regions = find_regions(anomaly_map)
    for region in regions:
        assert 0 <= region.area_px_low <= region.area_px <= region.area_px_high
        assert region.mean <= region.peak + 1e-6
        assert region.box.right <= 16
        assert region.box.bottom <= 12
        assert np.sqrt(2) <= region.length_px <= np.hypot(16, 12) + 1e-6
        assert region.peak >= 1
    assert sum(region.area_px for region in regions) <= anomaly_map.size
    assert bool(regions) == bool((anomaly_map >= 1).any())
    if regions:
        assert regions[0].peak == anomaly_map.max()


@settings(max_examples=60)
@given(arrays(np.bool_, st.tuples(st.integers(1, 8), st.integers(1, 8))).filter(lambda mask: mask.any()))
def test_the_longest_extent_is_the_feret_diameter(mask):
    corners = np.concatenate(
        [np.argwhere(mask) + np.array([down, across]) for down in (0, 1) for across in (0, 1)]
    )
    assert longest_extent(mask) == pytest.approx(pdist(corners).max())


@pytest.mark.parametrize(
    ("point", "place"),
    [
        ((0, 0), "top left"),
        ((45, 10), "top"),
        ((89.9, 10), "top right"),
        ((10, 45), "left"),
        ((45, 45), "centre"),
        ((80, 45), "right"),
        ((10, 80), "bottom left"),
        ((45, 80), "bottom"),
        ((90, 90), "bottom right"),
    ],
)
def test_places_are_named(point, place):
    assert place_in_words(point, (90, 90)) == place


@pytest.mark.parametrize("size", [(960, 640), (1003, 671), (90, 60)])
def test_a_map_at_patch_resolution_gives_the_regions_of_the_map_at_image_resolution(size):
    grid = ndimage.gaussian_filter(drawn(("rectangle", (30, 20, 69, 39), 3.0))[::10, ::10], 0.5)
    (coarse,) = find_regions(grid, size=size)
    (fine,) = find_regions(at_size(grid, size))
    assert coarse.area_px == pytest.approx(fine.area_px, rel=0.05)
    assert coarse.length_px == pytest.approx(fine.length_px, rel=0.05)
    assert coarse.peak == pytest.approx(fine.peak, rel=0.02)
    assert coarse.place == fine.place
    for side in ("left", "top", "right", "bottom"):
        assert getattr(coarse.box, side) == pytest.approx(getattr(fine.box, side), abs=0.02 * max(size))


def test_a_region_at_the_border_of_a_map_at_patch_resolution_ends_with_the_image():
    grid = np.zeros((20, 30), dtype=np.float32)
    grid[15:, 22:] = 2.0
    (region,) = find_regions(grid, size=(1003, 671))
    assert (region.box.right, region.box.bottom) == (1003, 671)
