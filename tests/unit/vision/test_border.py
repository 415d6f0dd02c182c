import numpy as np
import pytest

from echo_agent.vision.border import border_rise, evened, without_border
from echo_agent.vision.regions import BORDER, find_regions


def noisy_maps(rise, shapes=((40, 40), (40, 60))):
    random = np.random.default_rng(0)
    maps = []
    for shape in shapes:
        values = random.uniform(0.3, 0.6, shape).astype(np.float32)
        values[:2] *= rise
        values[-2:] *= rise
        values[2:-2, :2] *= rise
        values[2:-2, -2:] *= rise
        maps.append(values)
    return maps


def test_what_good_parts_show_more_at_the_border_is_taken_off_by_its_root():
    maps = noisy_maps(rise=1.44)
    rise = border_rise(maps)
    assert np.array(rise[:2]) == pytest.approx(1.2, abs=0.02)
    assert np.array(rise[3:]) == pytest.approx(1.0, abs=0.02)
    even = evened(maps[1], rise)
    assert even.shape == maps[1].shape
    assert even[0] == pytest.approx(maps[1][0] / np.float32(rise[0]))
    assert even[20, 30] == maps[1][20, 30]


@pytest.mark.parametrize("maps", [noisy_maps(rise=0.5), [np.ones((3, 90))], [np.zeros((20, 20))]])
def test_a_border_that_is_calmer_or_that_has_no_inside_is_left_as_it_is(maps):
    assert np.array(border_rise(maps)) == pytest.approx(1.0, abs=0.02)


def test_a_map_without_its_border_keeps_what_is_inside():
    found = without_border(np.ones((28, 56), dtype=np.float32), BORDER)
    assert found.sum() == 24 * 52


@pytest.mark.parametrize(
    ("place", "peak", "drawn"),
    [
        ((slice(0, 4), slice(0, 4)), 1.1, False),
        ((slice(-4, None), slice(20, 40)), 1.1, False),
        ((slice(0, 4), slice(0, 4)), 2.0, True),
        ((slice(0, 12), slice(0, 4)), 1.1, False),
        ((slice(0, 12), slice(0, 12)), 1.1, True),
        ((slice(20, 24), slice(20, 24)), 1.1, True),
    ],
)
def test_a_faint_region_is_drawn_only_where_it_reaches_past_the_edge_of_an_encoder(place, peak, drawn):
    values = np.full((64, 64), 0.2, dtype=np.float32)
    values[place] = peak
    assert bool(find_regions(values, size=(640, 640))) is drawn
