import numpy as np
import pytest

from echo_agent.errors import StoreError
from echo_agent.memory.spooled import SpooledGrids


def test_grids_come_back_in_their_order_and_rounded_as_they_are_stored():
    given = [np.random.default_rng(seed).random((3 + seed, 4, 5)).astype(np.float32) for seed in range(4)]
    with SpooledGrids() as grids:
        for grid in given:
            grids.append(grid)
        assert len(grids) == 4
        for found, grid in zip(grids, given, strict=True):
            np.testing.assert_array_equal(found, grid.astype(np.float16))
        np.testing.assert_array_equal(grids[1], given[1].astype(np.float16))


def test_a_full_temporary_folder_is_told_with_a_remedy(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("echo_agent.memory.spooled.np.save", full)
    with SpooledGrids() as grids, pytest.raises(StoreError, match=r"No space left on device.*TMPDIR"):
        grids.append(np.zeros((1, 1, 1), dtype=np.float32))
