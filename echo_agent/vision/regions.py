"""From a calibrated anomaly map to measured regions."""

from collections.abc import Iterator

import numpy as np
import scipy
from numpy.typing import NDArray

from echo_agent.state import MAX_REGIONS, Box, Region
from echo_agent.vision.anomaly_map import at_size
from echo_agent.vision.features import Array

STRICTER, LOOSER = 0.1, -0.2
"""Both ends of a border's uncertainty, in shares of the peak's height above the ground; wider on the side on which a
tolerance would pass a part wrongly."""

STRICT = 1.25
"""A region whose peak stays below this multiple of the map threshold may be none at all: its lower end is 0."""

APART = 0.9
"""A lower peak is one of its own where the map falls below this share of its height before a higher one begins."""

BORDERS = (0.65, 0.75, APART)
"""Shares of a peak's height that its border is drawn at: the lowest at which it does not run into a higher one.

A share of the height follows the defect, where a fixed value follows how far the map's blur stays above it: a symmetric
blur leaves the half-way level of a straight edge in its place. The first is above a half because a patch that a defect
covers by half differs by more than half. Of 0.5, 0.6, 0.65 and 0.7 it is the one whose areas are near the masks of the
development set while those of thin defects still hold more than half of them (``echo-agent evaluate areas``)."""

NEAREST_PEAKS = 1 / 32
"""Distance between peaks that can be told apart, as a share of the map's shorter side: half a patch."""

MIN_SHARE = 1e-4
"""Smaller areas, as a share of the map, at most of one of twice ``MEASURED_SIDE``, are noise of the interpolation."""

MEASURED_SIDE = 160
"""Longer images are measured at whole fractions of their size of at least this many pixels, or as many as the map has:
no map has finer patches."""

BORDER = 1 / 14
"""An encoder's edge reaches so far in, as a share of the image's shorter side: a patch. What is faint and lies there as
a whole is not drawn: on eleven products it is nearly all that was drawn on good parts, and no defect goes missing."""

_TOUCHING = np.ones((3, 3), dtype=int)
Mask = NDArray[np.bool_]
Point = tuple[int, int]


def find_regions(
    anomaly_map: Array,
    threshold: float = 1.0,
    *,
    size: tuple[int, int] | None = None,
    stands_out: bool = False,
) -> tuple[Region, ...]:
    """Finds the peaks at or above a threshold and measures the areas around them.

    A region is the connected area around its peak at or above a share of the peak's height over the ground, the median
    of what lies below the threshold. A lower peak is a region of its own where the map falls between the two.

    Args:
        anomaly_map: Calibrated map ``(rows, columns)``, of any resolution.
        threshold: Map value from which a pixel is suspicious.
        size: Width and height of the image; those of the map where not given.
        stands_out: Whether the image as a whole stands out: then its highest peak is not doubted, however faint.

    Returns:
        At most ten regions, highest peak first, named ``R1``, ``R2`` and so on; no two share a pixel.
    """
    size = size or (anomaly_map.shape[1], anomaly_map.shape[0])
    step = max(1, min(max(size) // max(MEASURED_SIDE, *anomaly_map.shape), *size))
    anomaly_map = at_size(anomaly_map, size, step)
    unsuspicious = anomaly_map[anomaly_map < threshold]
    ground = float(np.median(unsuspicious)) if unsuspicious.size else 0.0
    taken = np.zeros(anomaly_map.shape, dtype=bool)
    found: list[Region] = []
    for peak in _peaks(anomaly_map, threshold):
        area = _own_area(anomaly_map, peak, ground, taken)
        if area is None:
            continue
        inside, share = area
        free = np.where(taken, -np.inf, anomaly_map)
        taken |= inside
        low = _around(free, peak, _level(free, peak, ground, share + STRICTER)).sum()
        high = _around(free, peak, _level(free, peak, ground, share + LOOSER)).sum()
        doubted = anomaly_map[peak] < threshold * STRICT and not (stands_out and not found)
        region = _measure(anomaly_map, f"R{len(found) + 1}", inside, step, size)
        if region.peak < threshold * STRICT and _lies_at_the_border(region.box, size):
            continue
        found.append(
            region.model_copy(
                update={
                    "area_px_low": 0 if doubted else int(low) * step**2,
                    "area_px_high": int(high) * step**2,
                }
            )
        )
        if len(found) == MAX_REGIONS:
            break
    return tuple(found)


def _peaks(anomaly_map: Array, threshold: float) -> Iterator[Point]:
    """Yields the highest points of suspicious areas, and of hills in them, highest first."""
    suspicious = anomaly_map >= threshold
    labels, count = scipy.ndimage.label(suspicious, structure=_TOUCHING)
    if not count:
        return
    large = np.bincount(labels.ravel()) >= max(1, MIN_SHARE * min(anomaly_map.size, (2 * MEASURED_SIDE) ** 2))
    size = max(3, int(min(anomaly_map.shape) * NEAREST_PEAKS) | 1)
    tops = (scipy.ndimage.maximum_filter(anomaly_map, size) == anomaly_map) & suspicious & large[labels]
    plateaus, _ = scipy.ndimage.label(tops, structure=_TOUCHING)
    rows, columns = np.nonzero(tops)
    # A plateau is even: any of its points will do.
    _, first = np.unique(plateaus[rows, columns], return_index=True)
    places = [(int(row), int(column)) for row, column in zip(rows[first], columns[first], strict=True)]
    yield from sorted(places, key=lambda place: (-float(anomaly_map[place]), place))


def _own_area(anomaly_map: Array, peak: Point, ground: float, taken: Mask) -> tuple[Mask, float] | None:
    """The area around a peak and the share of its height that bounds it; None where it is part of a taken one."""
    if taken[peak]:
        return None
    apart = _around(anomaly_map, peak, _level(anomaly_map, peak, ground, APART))
    if (apart & taken).any():
        return None
    for share in BORDERS[:-1]:
        inside = _around(anomaly_map, peak, _level(anomaly_map, peak, ground, share))
        if not (inside & taken).any():
            return inside, share
    return apart, APART


def _level(anomaly_map: Array, peak: Point, ground: float, share: float) -> float:
    return ground + share * (float(anomaly_map[peak]) - ground)


def _around(anomaly_map: Array, peak: Point, level: float) -> Mask:
    """The connected pixels at or above a level around a peak, searched in a window that grows as it must."""
    height, width = anomaly_map.shape
    reach = max(8, min(height, width) // 8)
    while True:
        rows = slice(max(0, peak[0] - reach), min(height, peak[0] + reach + 1))
        columns = slice(max(0, peak[1] - reach), min(width, peak[1] + reach + 1))
        labels, _ = scipy.ndimage.label(anomaly_map[rows, columns] >= level, structure=_TOUCHING)
        inside = labels == labels[peak[0] - rows.start, peak[1] - columns.start]
        cut = (
            (rows.start > 0 and inside[0].any())
            or (rows.stop < height and inside[-1].any())
            or (columns.start > 0 and inside[:, 0].any())
            or (columns.stop < width and inside[:, -1].any())
        )
        if not cut:
            whole = np.zeros(anomaly_map.shape, dtype=bool)
            whole[rows, columns] = inside
            return whole
        reach *= 2


def _measure(anomaly_map: Array, name: str, inside: Mask, step: int, size: tuple[int, int]) -> Region:
    """Measures a mask of a map: a value for each square of ``step`` pixels of an image of ``size`` (width, height)."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    window = inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    below, after = int(rows[-1]) + 1, int(columns[-1]) + 1
    box = Box(
        left=int(columns[0]) * step,
        top=int(rows[0]) * step,
        right=size[0] if after == inside.shape[1] else after * step,
        bottom=size[1] if below == inside.shape[0] else below * step,
    )
    values = anomaly_map[inside]
    area = len(values) * step**2
    return Region(
        id=name,
        box=box,
        area_px=area,
        area_px_low=area,
        area_px_high=area,
        length_px=longest_extent(window) * step,
        peak=float(values.max()),
        mean=float(values.mean()),
        place=place_in_words(((box.left + box.right) / 2, (box.top + box.bottom) / 2), size),
    )


def _lies_at_the_border(box: Box, size: tuple[int, int]) -> bool:
    reach = BORDER * min(size)
    near = (box.right, box.bottom, size[0] - box.left, size[1] - box.top)
    return min(near) <= reach


def longest_extent(inside: Mask) -> float:
    """Largest distance between two corners of the pixels of a mask (maximum Feret diameter), in pixels."""
    rows = np.flatnonzero(inside.any(axis=1))
    first = inside[rows].argmax(axis=1)
    after_last = inside.shape[1] - inside[rows, ::-1].argmax(axis=1)
    corners = np.concatenate(
        [np.stack([rows + below, side], axis=1) for below in (0, 1) for side in (first, after_last)]
    )
    corners = corners[scipy.spatial.ConvexHull(corners).vertices]
    return float(scipy.spatial.distance.pdist(corners).max())


def place_in_words(point: tuple[float, float], size: tuple[int, int]) -> str:
    """Names the cell of a 3 x 3 grid that a point lies in.

    Args:
        point: x and y in pixels.
        size: Width and height of the image.

    Returns:
        ``centre``, ``left``, ``top right`` and so on.
    """
    across = ("left", "", "right")[min(int(3 * point[0] / size[0]), 2)]
    down = ("top", "", "bottom")[min(int(3 * point[1] / size[1]), 2)]
    return f"{down} {across}".strip() or "centre"
