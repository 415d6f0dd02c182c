import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.report.colours import DEFECTIVE_FROM, SATURATED_AT, SHOWN_FROM, colours_of, scale_stops


def lightness(rgb):
    """CIE L* of sRGB colours in 0..255."""
    linear = np.where(rgb / 255 <= 0.04045, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
    y = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(y > 0.008856, 116 * np.cbrt(y) - 16, 903.3 * y)


def test_a_good_parts_map_leaves_the_photograph_as_it_is():
    _, opacity = colours_of(np.linspace(-1, SHOWN_FROM, 50, dtype=np.float32).reshape(5, 10))
    assert not opacity.any()


@given(st.floats(SHOWN_FROM, SATURATED_AT), st.floats(0.01, 1))
def test_a_higher_value_is_never_shown_weaker(value, more):
    rgb, opacity = colours_of(np.array([[value, value + more]], dtype=np.float32))
    assert opacity[0, 1] >= opacity[0, 0]
    assert lightness(rgb[0, 1]) >= lightness(rgb[0, 0]) - 1e-3


def test_the_colour_of_a_value_does_not_depend_on_the_rest_of_the_map():
    alone, _ = colours_of(np.array([[1.2]], dtype=np.float32))
    beside, _ = colours_of(np.array([[1.2, 80.0]], dtype=np.float32))
    np.testing.assert_array_equal(alone[0, 0], beside[0, 0])


def test_the_defects_colours_start_clearly_at_the_threshold():
    _, opacity = colours_of(
        np.array([[SHOWN_FROM + 0.1, DEFECTIVE_FROM, SATURATED_AT, 50]], dtype=np.float32)
    )
    assert opacity[0, 0] < 0.1 < 0.4 < opacity[0, 1] < opacity[0, 2] == opacity[0, 3]


def test_the_legend_runs_over_the_whole_scale():
    stops = scale_stops()
    assert stops[0][0] == 0
    assert stops[-1][0] == 1
    assert [share for share, _ in stops] == sorted(share for share, _ in stops)
    assert stops[0][1] == "rgb(48 16 98 / 0.00)"
