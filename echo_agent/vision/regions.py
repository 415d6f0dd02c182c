"""From a calibrated anomaly map to measured regions."""

import numpy as np
import scipy
from numpy.typing import NDArray

from echo_agent.state import Box, Region
from echo_agent.vision.features import Array

STRICT, LOOSE = 1.25, 0.8
"""Factors on the map threshold that give the lower and the upper end of a region's area."""

SMALLEST_SHARE = 1e-4
"""Smaller areas, as a share of the image, are noise of the interpolation."""

MOST_REGIONS = 10


def find_regions(anomaly_map: Array, threshold: float = 1.0) -> tuple[Region, ...]:
    """Finds and measures the connected areas at or above a threshold.

    Args:
        anomaly_map: Calibrated map at image resolution ``(height, width)``.
        threshold: Map value from which a pixel is suspicious.

    Returns:
        At most ten regions, highest peak first, named ``R1``, ``R2`` and so on.
    """
    labels, count = scipy.ndimage.label(anomaly_map >= threshold, structure=np.ones((3, 3), dtype=int))
    if not count:
        return ()
    wide_labels, _ = scipy.ndimage.label(
        anomaly_map >= threshold * LOOSE, structure=np.ones((3, 3), dtype=int)
    )
    wide_areas = np.bincount(wide_labels.ravel())
    boxes = scipy.ndimage.find_objects(labels)
    peaks = np.array(
        [anomaly_map[box][labels[box] == label].max() for label, box in enumerate(boxes, start=1)]
    )
    found: list[Region] = []
    for label in np.argsort(-peaks, kind="stable") + 1:
        window = boxes[label - 1]
        inside = labels[window] == label
        if inside.sum() >= max(1, SMALLEST_SHARE * anomaly_map.size) and len(found) < MOST_REGIONS:
            wide_area = int(wide_areas[wide_labels[window][inside][0]])
            found.append(
                _measure(
                    anomaly_map,
                    name=f"R{len(found) + 1}",
                    window=window,
                    inside=inside,
                    threshold=threshold,
                    wide_area=wide_area,
                )
            )
    return tuple(found)


def _measure(
    anomaly_map: Array,
    *,
    name: str,
    window: tuple[slice, slice],
    inside: NDArray[np.bool_],
    threshold: float,
    wide_area: int,
) -> Region:
    values = anomaly_map[window][inside]
    rows, columns = window
    return Region(
        id=name,
        box=Box(left=columns.start, top=rows.start, right=columns.stop, bottom=rows.stop),
        area_px=int(inside.sum()),
        area_px_low=int((values >= threshold * STRICT).sum()),
        area_px_high=wide_area,
        length_px=longest_extent(inside),
        peak=float(values.max()),
        mean=float(values.mean()),
        place=place_in_words(
            ((columns.start + columns.stop) / 2, (rows.start + rows.stop) / 2),
            (anomaly_map.shape[1], anomaly_map.shape[0]),
        ),
    )


def longest_extent(inside: NDArray[np.bool_]) -> float:
    """Largest distance between two corners of the pixels of a mask (maximum Feret diameter), in pixels."""
    rows = np.flatnonzero(inside.any(axis=1))
    first = inside[rows].argmax(axis=1)
    after_last = inside.shape[1] - inside[rows, ::-1].argmax(axis=1)
    corners = np.unique(
        np.concatenate(
            [np.stack([rows + below, side], axis=1) for below in (0, 1) for side in (first, after_last)]
        ),
        axis=0,
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
