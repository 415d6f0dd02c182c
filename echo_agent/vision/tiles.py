"""Tiles: squares of a large photograph at its own resolution, and their maps put together again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from echo_agent.vision.anomaly_map import at_size
from echo_agent.vision.features import Array

MIN_SIDE = 32
"""Side of the smallest tiles, in pixels."""

NATIVE = 256
"""Side of a tile, in pixels, that the embedded encoder sees pixel by pixel."""

OVERLAP = 0.25
"""Neighbouring tiles share at least this of their side: what one cuts in two, another holds whole."""

SAME_SIZE = 0.02
"""Photographs whose sides differ by less are not brought to one size."""

CELL = 4
"""Side of the squares of pixels that a map of tiles has a value for."""

VISIBLE = 4.0
"""What is smaller than so many pixels of the size at which a photograph is encoded, half a patch of the finest grid, is
lost in its patch."""

MANY_TIMES = 4.0
"""So many times longer and wider than what is looked at, photographs are worth tiles."""

Edges = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""


@dataclass(frozen=True)
class Tiling:
    """How a product's photographs are cut.

    Attributes:
        side: Side of a tile in pixels of the references.
        area: Area of a reference in pixels, in the middle of all; a photograph of another size is brought to it.
    """

    side: int
    area: float

    @classmethod
    def of(cls, side: int, sizes: Sequence[tuple[int, int]]) -> "Tiling":
        """The tiling by this side of photographs of these widths and heights."""
        return cls(side, float(np.median([width * height for width, height in sizes])))

    def brought(self, image: Image.Image) -> Image.Image:
        """A photograph at the references' size: a pixel of it shows as much of the part as one of theirs."""
        factor = (self.area / (image.width * image.height)) ** 0.5
        if abs(factor - 1.0) < SAME_SIZE:
            return image
        width, height = (max(1, round(length * factor)) for length in image.size)
        return image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)

    def edges(self, size: tuple[int, int]) -> list[Edges]:
        """The tiles of a photograph of this width and height, row by row; together they cover it."""
        width, height = (min(self.side, length) for length in size)
        return [
            (left, top, left + width, top + height)
            for top in _starts(size[1], height)
            for left in _starts(size[0], width)
        ]

    def together(self, maps: Sequence[Array], size: tuple[int, int]) -> Array:
        """Puts the maps of all tiles together; where tiles overlap, the one whose middle is nearer counts more.

        Args:
            maps: A map a tile, in the order of ``edges``, each of any grid.
            size: Width and height of the photograph.

        Returns:
            A value for each square of 4 pixels ``(height // 4, width // 4)``, at least one row and column.
        """
        columns, rows = (max(1, length // CELL) for length in size)
        total, weights = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
        for values, edges in zip(maps, self.edges(size), strict=True):
            left, top, right, bottom = (edge // CELL for edge in edges)
            right, bottom = max(right, left + 1), max(bottom, top + 1)
            weight = np.outer(_towards_middle(bottom - top), _towards_middle(right - left))
            total[top:bottom, left:right] += weight * at_size(values, (right - left, bottom - top))
            weights[top:bottom, left:right] += weight
        return total / weights


def too_large_as_a_whole(sizes: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Tells that photographs of these widths and heights are much larger than what is looked at without tiles.

    Yields:
        One sentence without its full stop, or none.
    """
    times = float(np.median([width * height for width, height in sizes])) ** 0.5 / NATIVE
    if times >= MANY_TIMES:
        yield (
            f"the photographs are {times:.0f} times as long and wide as what is looked at: a defect of less than about "
            f"{VISIBLE * times:.0f} pixels cannot be seen; --tiles, or 'tiles: true' on the card, looks at them in "
            "tiles at their own resolution, which takes longer"
        )


def _starts(length: int, side: int) -> list[int]:
    """Where tiles of a side begin that cover a length, evenly."""
    count = max(1, int(np.ceil((length - OVERLAP * side) / ((1 - OVERLAP) * side))))
    return [round(number * (length - side) / max(1, count - 1)) for number in range(count)]


def _towards_middle(length: int) -> Array:
    """Weights of the rows of a tile, most in its middle."""
    place = np.arange(length, dtype=np.float32) + 0.5
    return np.asarray(np.minimum(place, length - place))
