"""What convolutional encoders share: how images are resized, and how patches are made of a layer."""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from echo_agent.vision.batching import Size
from echo_agent.vision.features import Array

USUAL_LENGTH = 16.0
"""Order of the length of features before they are brought to 1, on photographs of any kind."""


def resized(image: Image.Image, size: Size) -> NDArray[np.uint8]:
    """Resizes an RGB image; bicubic as Pillow's, to within two grey values, in a third of the time.

    Args:
        image: RGB image of any size.
        size: Width and height.

    Returns:
        Pixels ``(height, width, 3)``.
    """
    whole = torch.from_numpy(np.array(image, dtype=np.uint8)).permute(2, 0, 1)[None]
    made = functional.interpolate(whole, size=size[::-1], mode="bicubic", antialias=True)
    pixels: NDArray[np.uint8] = made[0].permute(1, 2, 0).numpy()
    return pixels


def patches_of(layer: Tensor) -> tuple[Array, Array]:
    """Patch features of a layer: each patch is averaged with its neighbours and brought to unit length.

    Args:
        layer: ``(images, channels, rows, columns)``.

    Returns:
        Patches ``(images, rows, columns, channels)``, and the logarithms of the lengths that they had, over
        ``USUAL_LENGTH`` ``(images, rows, columns)``.
    """
    last = layer.contiguous(memory_format=torch.channels_last)
    smooth = functional.avg_pool2d(last, 3, 1, 1, count_include_pad=False).permute(0, 2, 3, 1)
    lengths = torch.linalg.vector_norm(smooth, dim=3).clamp_min(1e-12)
    patches = (smooth / lengths[..., None]).contiguous()
    return patches.cpu().numpy(), lengths.div(USUAL_LENGTH).log().cpu().numpy()
