import numpy as np
import pytest

from echo_agent.vision.views import small_changes
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
