import numpy as np
import pytest

from echo_agent.errors import StoreError
from echo_agent.memory.spooled import SpooledGrids


def test_grids_come_back_in_their_order_and_rounded_as_they_are_stored():
    generator = np.random.default_rng(0)
    given = [(generator.random((6 + n, 4, 5)), generator.random((2, 2 + n, 7))) for n in range(4)]
    with SpooledGrids() as spooled:
        for grids in given:
            spooled.append(grids)
        assert len(spooled) == 4
        for found, grids in zip([*spooled, spooled[1]], [*given, given[1]], strict=True):
            assert len(found) == 2
            for grid, expected in zip(found, grids, strict=True):
                np.testing.assert_array_equal(grid, expected.astype(np.float16))


def test_a_full_temporary_folder_is_told_with_a_remedy(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("echo_agent.memory.spooled.np.save", full)
    with SpooledGrids() as grids, pytest.raises(StoreError, match=r"No space left on device.*TMPDIR"):
        grids.append([np.zeros((1, 1, 1), dtype=np.float32)])
