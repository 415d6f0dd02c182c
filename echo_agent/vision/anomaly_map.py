"""From patch distances to an anomaly map at image resolution and an image score."""

import numpy as np
import scipy
from PIL import Image

from echo_agent.vision.features import Array

SURROUNDINGS = 0.55
"""Side of the window that a patch is held against, as a share of the map's mean side."""


def raised(distances: Array, rarity: Array, weight: float) -> Array:
    """Distances raised where the image itself has few like patches: ``d + weight sqrt(d r)``.

    Args:
        distances: Distances ``d`` to the nearest patches of the references ``(rows, columns)``.
        rarity: Distances ``r`` to like patches elsewhere in the same image, of the same shape.
        weight: How much the rarity counts.
    """
    return np.asarray(distances + weight * np.sqrt(distances * rarity), dtype=np.float32)


def standing_out(values: Array, share: float) -> Array:
    """How much each patch stands out: a light that has changed lifts a whole area alike, a defect only some of it.

    Args:
        values: Distances, raised or not ``(rows, columns)``.
        share: Share of the mean of a window around the patch that is taken off, 0 to 1.

    Returns:
        Array of that shape, float32; negative where the surroundings stand out more.
    """
    window = 2 * round((SURROUNDINGS * float(np.sqrt(values.size)) - 1) / 2) + 1
    around = scipy.ndimage.uniform_filter(values, size=max(1, window), mode="nearest")
    return np.asarray(values - share * around, dtype=np.float32)


def image_score(values: Array, top_k_share: float) -> float:
    """Mean of a share of the worst patches, at least of one (tail value at risk; AnomalyDINO takes 1 %).

    Args:
        values: How much each patch stands out ``(rows, columns)``.
        top_k_share: The share, 0 to 1.

    Returns:
        The score, in the unit of the values.
    """
    worst = max(1, int(values.size * top_k_share))
    return float(np.partition(values, -worst, axis=None)[-worst:].mean())


def at_size(distances: Array, size: tuple[int, int], step: int = 1) -> Array:
    """Brings a map to the size of an image, or to every so many of its pixels, which takes less time.

    Args:
        distances: Map ``(rows, columns)``.
        size: Width and height of the image in pixels, each at least ``step``.
        step: Side of the squares of pixels that become one; what is left of the last row and column is cut off.

    Returns:
        Map ``(height // step, width // step)``, bicubic, float32, at least 0.
    """
    columns, rows = size[0] // step, size[1] // step
    right, bottom = (
        distances.shape[1] * columns * step / size[0],
        distances.shape[0] * rows * step / size[1],
    )
    resized = Image.fromarray(distances.astype(np.float32)).resize(
        (columns, rows), Image.Resampling.BICUBIC, box=(0, 0, right, bottom)
    )
    return np.maximum(np.asarray(resized, dtype=np.float32), 0.0)
