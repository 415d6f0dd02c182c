"""Tiles: they cover a photograph, and their maps come together where they lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from echo_agent.vision.tiles import Tiling, too_large_as_a_whole

LENGTHS = st.integers(1, 1500)


@settings(max_examples=50)
@given(LENGTHS, LENGTHS, st.integers(32, 300))
def test_the_tiles_cover_all_of_a_photograph_and_neighbours_overlap(width, height, side):
    seen = np.zeros((height, width), dtype=int)
    for left, top, right, bottom in Tiling(side, width * height).edges((width, height)):
        assert 0 <= left < right <= width
        assert right - left == min(side, width)
        seen[top:bottom, left:right] += 1
    assert seen.min() > 0
    if width > side:
        assert (seen[0] > 1).any()


def test_a_spot_in_one_tile_lies_where_it_is_on_the_whole_map():
    tiling, size = Tiling(256, 1000 * 600), (1000, 600)
    spot = (700, 330)
    maps = []
    for left, top, right, bottom in tiling.edges(size):
        tile = np.zeros((bottom - top, right - left), dtype=np.float32)
        if left <= spot[0] < right and top <= spot[1] < bottom:
            tile[spot[1] - top, spot[0] - left] = 100.0
        maps.append(tile.reshape((bottom - top) // 8, 8, -1, 8).max(axis=(1, 3)))
    whole = tiling.together(maps, size)
    row, column = np.unravel_index(whole.argmax(), whole.shape)
    assert whole.shape == (150, 250)
    assert (4 * column, 4 * row) == pytest.approx(spot, abs=8)


def test_a_photograph_of_another_size_is_brought_to_that_of_the_references():
    tiling = Tiling.of(256, [(800, 600), (810, 600), (400, 300)])
    assert tiling.brought(Image.new("RGB", (1600, 1200))).size == (800, 600)
    same = Image.new("RGB", (805, 600))
    assert tiling.brought(same) is same


def test_photographs_much_larger_than_what_is_looked_at_are_told():
    (told,) = too_large_as_a_whole([(2048, 2048)])
    assert "8 times as long" in told
    assert "32 pixels" in told
    assert "--tiles" in told
    assert not list(too_large_as_a_whole([(900, 900)]))
