"""Words for places on a photograph, as cells of a 3 x 3 grid."""

import re
from collections.abc import Mapping, Sequence

Cell = tuple[int, int]

_ROWS = {"top": 0, "upper": 0, "above": 0, "bottom": 2, "lower": 2, "below": 2}
_COLUMNS = {"left": 0, "right": 2, "leftmost": 0, "rightmost": 2}
_MIDDLE = frozenset({"centre", "center", "middle", "central", "mid"})
_TURNING = re.compile(
    r"\b(?:not|no|never|neither|nor|opposite|except|away|far|without|other|but|or|nowhere|everywhere)\b"
)


def cells_in_words(text: str) -> frozenset[Cell]:
    """Reads the cells ``(row, column)`` of a 3 x 3 grid that a text names.

    Args:
        text: Such as ``Top left``, ``in the centre``, ``On the right side``.

    Returns:
        The cells; empty where it names no place, or not surely that place (``not at the top``).
    """
    named = re.findall(r"[^\W\d_]+", text.casefold())
    rows = {_ROWS[word] for word in named if word in _ROWS}
    columns = {_COLUMNS[word] for word in named if word in _COLUMNS}
    if not (rows or columns or _MIDDLE.intersection(named)) or _TURNING.search(text.casefold()):
        return frozenset()
    return frozenset((row, column) for row in rows or {1} for column in columns or {1})


def shares_of(options: Mapping[str, frozenset[Cell]], places: Sequence[float]) -> dict[str, float]:
    """Shares of the places that options name.

    Options that part the image along one axis (top, bottom; left, middle, right) stand for whole rows or columns,
    others for their cells alone.

    Args:
        options: Cells by letter.
        places: Shares of the 3 x 3 grid, row by row.

    Returns:
        The share of each letter, 0..1.
    """
    axis = _axis(options)
    return {
        letter: max((_share(cell, axis, places) for cell in cells), default=0.0)
        for letter, cells in options.items()
    }


def share_of_the_likeliest(options: Mapping[str, frozenset[Cell]], places: Sequence[float]) -> float:
    """Share of the likeliest place of the grid, whether an option names it or not."""
    axis = _axis(options)
    return max(_share((row, column), axis, places) for row in range(3) for column in range(3))


def _axis(options: Mapping[str, frozenset[Cell]]) -> str:
    """Whether options part the image by rows or by columns alone."""
    named = [cell for cells in options.values() for cell in cells]
    if all(column == 1 for _, column in named):
        return "rows"
    return "columns" if all(row == 1 for row, _ in named) else "cells"


def _share(cell: Cell, axis: str, places: Sequence[float]) -> float:
    row, column = cell
    if axis == "rows":
        return sum(places[3 * row : 3 * row + 3])
    return sum(places[column::3]) if axis == "columns" else places[3 * row + column]
