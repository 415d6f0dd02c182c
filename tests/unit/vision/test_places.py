import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.vision.places import place_shares


@given(st.integers(0, 29), st.integers(0, 19))
def test_one_patch_that_stands_out_lies_in_its_own_cell(row, column):
    anomaly_map = np.zeros((30, 20), dtype=np.float32)
    anomaly_map[row, column] = 2.0
    shares = np.array(place_shares(anomaly_map)).reshape(3, 3)
    assert shares.sum() == pytest.approx(1)
    away = abs(np.array([row + 0.5, column + 0.5]) / (30, 20) * 3 - np.rint([row / 10, column / 20 * 3]))
    if away.min() > 0.05:
        assert np.unravel_index(shares.argmax(), (3, 3)) == (row // 10, int(3 * (column + 0.5) / 20))


def test_a_line_across_the_image_has_its_middle_in_the_centre_though_its_ends_stand_out():
    anomaly_map = np.zeros((31, 31), dtype=np.float32)
    anomaly_map[15, :] = 1.0
    anomaly_map[15, [0, 30]] = 1.1
    assert int(np.argmax(place_shares(anomaly_map))) == 4


def test_a_map_in_which_nothing_stands_out_tells_no_place():
    assert place_shares(np.zeros((4, 6), dtype=np.float32)) == (1 / 9,) * 9
