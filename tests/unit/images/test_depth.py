import numpy as np
import pytest

from echo_agent.errors import ImageError
from echo_agent.images.depth import EIGHT_BITS, UNIT, Depth, ValueRange, found_depth, parse_depth
from echo_agent.images.wide import WideImage, depth_among


def of_whole(*highest):
    return [ValueRange(0, high, whole=True) for high in highest]


def of_floats(*ranges):
    return [ValueRange(low, high, whole=False) for low, high in ranges]


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("8", EIGHT_BITS),
        ("12", Depth.of_bits(12)),
        (" 0..1 ", UNIT),
        ("-1..1", Depth(low=-1, high=1)),
        ("64 .. 1023.5", Depth(low=64, high=1023.5)),
    ],
)
def test_a_depth_is_read_as_a_person_writes_it(text, depth):
    assert parse_depth(text) == depth


@pytest.mark.parametrize("text", ["", "4", "64", "1..0", "1..1", "twelve", "0-1", "0..1e9", "nan..1"])
def test_what_is_no_depth_is_refused_with_the_two_forms(text):
    with pytest.raises(ImageError, match=r"such as 12, or .* 0\.\.1"):
        parse_depth(text)


@pytest.mark.parametrize(
    ("ranges", "depth"),
    [
        ([], EIGHT_BITS),
        (of_whole(200, 90), EIGHT_BITS),
        (of_whole(90, 700), Depth.of_bits(10)),
        (of_whole(4095, 300), Depth.of_bits(12)),
        (of_whole(65520), Depth.of_bits(16)),
        (of_floats((0, 0.2), (0, 0.9)), UNIT),
        (of_floats((-0.01, 1.03)), UNIT),
        (of_floats((0, 180.5)), EIGHT_BITS),
        (of_floats((0, 3500.0)), Depth.of_bits(12)),
        ([*of_whole(3000), *of_floats((0, 3500.0))], Depth.of_bits(12)),
    ],
)
def test_the_depth_is_found_out_over_all_photographs(ranges, depth):
    assert found_depth(ranges) == depth


@pytest.mark.parametrize(
    "ranges",
    [
        of_floats((0, 5.0)),
        of_floats((-1, 1)),
        of_floats((0, 0.9), (0, 250.0)),
        of_whole(70_000),
        [ValueRange(-3, 200, whole=True)],
        [*of_whole(3000), *of_floats((0, 0.9))],
    ],
    ids=["a bright float", "around zero", "two scales", "32 bits", "negative", "whole and fractions"],
)
def test_a_depth_that_the_values_leave_open_is_asked_for(ranges):
    with pytest.raises(ImageError, match="--depth"):
        found_depth(ranges)


def grey(*values, dtype=np.uint16):
    return WideImage(np.array([values], dtype=dtype))


def shades(image, depth=None):
    return np.asarray(image.rgb(depth))[0, :, 0].tolist()


def test_values_are_scaled_by_the_depth_and_not_by_their_own_extremes():
    assert shades(grey(0, 2048, 4095), Depth.of_bits(12)) == [0, 128, 255]
    assert shades(grey(0, 1000, 2000), Depth.of_bits(12)) == [0, 62, 125]
    assert shades(grey(0, 65535)) == [0, 255]


def test_a_highlight_leaves_the_rest_of_a_float_image_as_it_is():
    plain = [0.5] * 99
    assert (
        shades(grey(*plain, 1.03, dtype=np.float32))[:99] == shades(grey(*plain, 1.0, dtype=np.float32))[:99]
    )
    assert shades(grey(*plain, 1.03, dtype=np.float32))[-1] == 255


@pytest.mark.parametrize(
    ("image", "depth"),
    [
        (grey(0, 5, 1024), Depth.of_bits(10)),
        (grey(0.0, 128.0, 255.0, dtype=np.float32), UNIT),
        (grey(0.0, 0.5, 1.0, dtype=np.float32), Depth.of_bits(12)),
        (grey(-5, 100, dtype=np.int32), EIGHT_BITS),
    ],
    ids=["more bits", "0..255 as 0..1", "0..1 as 12 bits", "negative"],
)
def test_an_image_of_another_depth_is_refused_with_the_remedy(image, depth):
    with pytest.raises(ImageError, match="--depth"):
        image.rgb(depth)


def test_without_a_product_the_one_depth_that_fits_is_taken():
    ten, twelve = Depth.of_bits(10), Depth.of_bits(12)
    assert depth_among(grey(3000), [ten, twelve]) == twelve
    assert depth_among(grey(3000), [twelve, twelve]) == twelve
    assert depth_among(grey(3000), []) == Depth.of_bits(16)
    with pytest.raises(ImageError, match=r"10 bits .* or 12 bits .*: say which product"):
        depth_among(grey(300), [ten, twelve])


def test_values_that_are_not_finite_are_an_error():
    with pytest.raises(ImageError, match="not finite"):
        grey(0.1, np.inf, dtype=np.float32)
