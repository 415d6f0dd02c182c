"""From patch distances to an anomaly map at image resolution and an image score."""

import numpy as np
from PIL import Image

from echo_agent.vision.features import Array

WORST_SHARE = 0.03
"""The image score is the mean of this share of the worst patches (tail value at risk; AnomalyDINO takes 1 %)."""


def image_score(distances: Array) -> float:
    """Mean of the worst 3 % of the patches, at least of one.

    Args:
        distances: Patch distances ``(rows, columns)``.

    Returns:
        The score, in the unit of the distances.
    """
    worst = max(1, int(distances.size * WORST_SHARE))
    return float(np.partition(distances, -worst, axis=None)[-worst:].mean())


def at_size(distances: Array, size: tuple[int, int]) -> Array:
    """Brings a map to a size.

    Args:
        distances: Map ``(rows, columns)``.
        size: Wanted width and height in pixels.

    Returns:
        Map ``(height, width)``, bicubic, float32, at least 0.
    """
    resized = Image.fromarray(distances.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    return np.maximum(np.asarray(resized, dtype=np.float32), 0.0)
