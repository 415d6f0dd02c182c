import numpy as np
import pytest

from echo_agent.vision.anomaly_map import at_size, image_score


def test_worse_patches_score_higher_wherever_they_lie():
    calm = np.full((16, 16), 0.1, dtype=np.float32)
    scores = []
    for place in ((0, 0), (8, 8), (15, 15)):
        worse = calm.copy()
        worse[place] = 0.9
        scores.append(image_score(worse))
        assert image_score(worse) > image_score(calm)
    assert scores == pytest.approx([scores[0]] * 3)


def test_a_single_patch_has_a_score():
    assert image_score(np.full((1, 1), 0.3, dtype=np.float32)) == pytest.approx(0.3)


def test_a_map_is_brought_to_the_image_without_being_turned_or_cut():
    grid = np.zeros((6, 12), dtype=np.float32)
    grid[0, 11] = 1.0
    full = at_size(grid, (240, 120))
    assert full.shape == (120, 240)
    assert full.dtype == np.float32
    assert full.min() >= 0
    row, column = np.unravel_index(full.argmax(), full.shape)
    assert row < 20
    assert column >= 220
