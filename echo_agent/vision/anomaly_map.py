"""From patch distances to an anomaly map at image resolution and an image score."""

import numpy as np
import scipy
from PIL import Image

from echo_agent.vision.features import Array

WORST_SHARE = 0.05
"""The image score is the mean of this share of the worst patches (tail value at risk; AnomalyDINO takes 1 %)."""

RARITY_WEIGHT = 0.7
"""How much a patch's rarity within its own image adds to its distance from the references."""

SURROUNDINGS = 0.55
"""Side of the window that a patch is held against, as a share of the map's mean side."""

SURROUNDINGS_WEIGHT = 0.5
"""Share of the surroundings' mean that is taken off: what lifts a whole area alike counts half."""


def standing_out(
    distances: Array,
    rarity: Array,
    *,
    rarity_weight: float = RARITY_WEIGHT,
    surroundings_weight: float = SURROUNDINGS_WEIGHT,
) -> Array:
    """How much each patch stands out, by the references, by its own image and by its surroundings.

    With ``e = d + 0.7 sqrt(d r)``, for the distance ``d`` and the rarity ``r``, it is ``e`` less half of the mean
    of ``e`` in a window around the patch: a light that has changed lifts all distances, a defect only some.

    Args:
        distances: Distances to the nearest patches of the references ``(rows, columns)``.
        rarity: Distances to the nearest patches elsewhere in the same image, of the same shape.
        rarity_weight: The 0.7.
        surroundings_weight: The half.

    Returns:
        Array of that shape, float32; negative where the surroundings stand out more.
    """
    raised = distances + rarity_weight * np.sqrt(distances * rarity)
    window = 2 * round((SURROUNDINGS * float(np.sqrt(distances.size)) - 1) / 2) + 1
    around = scipy.ndimage.uniform_filter(raised, size=max(1, window), mode="nearest")
    return np.asarray(raised - surroundings_weight * around, dtype=np.float32)


def image_score(values: Array, worst_share: float = WORST_SHARE) -> float:
    """Mean of the worst 5 % of the patches, at least of one.

    Args:
        values: How much each patch stands out ``(rows, columns)``.
        worst_share: The 5 %.

    Returns:
        The score, in the unit of the values.
    """
    worst = max(1, int(values.size * worst_share))
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
