"""An anomaly map that follows the edges in the picture: patches are coarser than the borders of a defect."""

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from numpy.typing import NDArray
from PIL import Image

from echo_agent.vision.features import Array

if TYPE_CHECKING:
    from torch import Tensor

CELL = 4
"""A place of the guide covers so many pixels of the working size in both directions."""

FLAT = 0.01
"""Share of the guide's variance. A window that shows less of it shows no edge, and the map is smoothed there."""


MIN_CONTRAST = 1e-3
"""An image of less contrast, in the encoder's own unit of brightness, shows no edges."""


def guides_of(pixels: "Tensor") -> Array:
    """The brightness of images, which their maps are guided by.

    Args:
        pixels: ``(images, 3, height, width)`` as the encoder takes them.

    Returns:
        ``(images, height // 4, width // 4)``, float32, of mean 0 and variance 1 for each image; 0 where it shows
        nothing.
    """
    import torch
    from torch.nn import functional

    small = functional.avg_pool2d(pixels.float().mean(dim=1), CELL)
    deviation, mean = torch.std_mean(small, dim=(1, 2), correction=0, keepdim=True)
    return np.asarray(((small - mean) / deviation.clamp_min(MIN_CONTRAST)).cpu().numpy(), dtype=np.float32)


def follow_edges(anomaly_map: Array, guide: Array) -> Array:
    """Brings a map to the guide's grid and its borders to the guide's edges.

    The guided filter (He, Sun, Tang: Guided Image Filtering, 2010): in each window the map is replaced by the linear
    function of the guide that is nearest to it, and at each place the functions of all windows that hold it are
    averaged. A window reaches one patch of the map in each direction.

    Args:
        anomaly_map: ``(rows, columns)``.
        guide: See ``guides_of``; at least as many rows and columns.

    Returns:
        Map of the guide's shape, float32.
    """
    rows, columns = guide.shape
    fine = Image.fromarray(anomaly_map.astype(np.float32)).resize((columns, rows), Image.Resampling.BICUBIC)
    values = np.asarray(fine, dtype=np.float32)
    side = 2 * max(1, round(rows / anomaly_map.shape[0])) + 1
    layer, brightness = _mean(values, side), _mean(guide, side)
    slope = (_mean(guide * values, side) - brightness * layer) / (
        _mean(guide * guide, side) - brightness * brightness + FLAT
    )
    offset = layer - slope * brightness
    return np.asarray(_mean(slope, side) * guide + _mean(offset, side), dtype=np.float32)


def _mean(values: NDArray[np.floating[Any]], side: int) -> Array:
    return np.asarray(scipy.ndimage.uniform_filter(values, side, mode="nearest"), dtype=np.float32)
