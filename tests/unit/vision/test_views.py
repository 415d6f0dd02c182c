import numpy as np
import pytest

from echo_agent.vision.views import EIGHTHS, rotated, small_changes
from tests.conftest import synthetic_part


@pytest.mark.parametrize("size", [(192, 144), (8, 8), (1, 1), (300, 20)])
def test_small_changes_are_of_the_same_size(size):
    image = synthetic_part(1, size=size) if min(size) > 60 else synthetic_part(1).resize(size)
    changed = small_changes(image)
    assert len(changed) == 6
    assert {view.size for view in changed} == {size}


def test_small_changes_are_small_and_leave_no_black_border():
    image = synthetic_part(1)
    before = np.asarray(image).astype(int)
    for view in small_changes(image):
        assert 0 < np.abs(np.asarray(view).astype(int) - before).mean() < 25
        assert np.asarray(view)[0].mean() > 60


@pytest.mark.parametrize("angle", [*EIGHTHS, 7.0])
def test_turned_copies_are_of_the_same_size_and_leave_no_black_border(angle):
    image = synthetic_part(1)
    (turned,) = rotated([image], angle)
    assert turned.size == image.size
    assert np.asarray(turned).min(axis=(0, 1)).min() > 0 or np.asarray(image).min() == 0
    assert abs(np.asarray(turned).mean() - np.asarray(image).mean()) < 15


def test_two_half_turns_are_none():
    image = synthetic_part(1)
    (once,) = rotated([image], 180.0)
    (twice,) = rotated([once], 180.0)
    assert np.array_equal(np.asarray(twice), np.asarray(image))
