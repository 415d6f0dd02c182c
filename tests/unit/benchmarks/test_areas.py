import numpy as np
import pytest

from benchmarks import areas
from echo_agent.state import Box
from tests.tables import unpadded
from tests.verdicts import a_region


def truth(*boxes):
    mask = np.zeros((100, 200), dtype=bool)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = True
    return mask


def region(box, area, low, high):
    left, top, right, bottom = box
    return a_region(
        box=Box(left=left, top=top, right=right, bottom=bottom),
        area_px=area,
        area_px_low=low,
        area_px_high=high,
    )


def test_only_regions_on_the_defect_count_and_pieces_are_added():
    pieces = [region((10, 10, 30, 30), 300, 100, 500), region((100, 10, 120, 30), 200, 150, 250)]
    elsewhere = region((150, 70, 180, 90), 600, 600, 600)
    found = areas.measure([*pieces, elsewhere], truth((15, 15, 25, 35), (110, 20, 120, 30)))
    assert (found.true, found.area, found.low, found.high) == (300, 500, 250, 750)
    assert areas.measure([elsewhere], truth((15, 15, 25, 35))).area is None


def test_the_table_tells_the_median_and_what_was_not_found():
    one, two = (
        areas.measure([region((0, 0, 40, 40), area, 50, 400)], truth((0, 0, 10, 10))) for area in (100, 300)
    )
    missed = areas.measure([], truth((0, 0, 10, 10)))
    row = areas._row("pit", [one, two, missed])
    assert (row.masked, row.found, row.ratio, row.covered) == (3, 2, pytest.approx(2.0), 1.0)
    never = areas._row("crack", [missed])
    assert never.ratio is None
    table = unpadded(areas.markdown_table(areas.AreaResult(category="c", shots=4, seed=0, rows=(row, never))))
    assert "| pit | 2 of 3 | 2.00 | 1.50 to 2.50 | 100 % | 0.50 |" in table
    assert "| crack | 0 of 1 | - | - | - | 0.50 |" in table
