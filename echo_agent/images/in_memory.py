"""Images that are in memory already: Pillow's, arrays and tensors, brought upright; more than 8 bits stay."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, Union

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from echo_agent.errors import ImageError
from echo_agent.images.decoding import (
    DAMAGED,
    Raster,
    check_size,
    decode_raster,
    is_wide,
    read_raster,
    to_raster,
)
from echo_agent.images.depth import ValueRange
from echo_agent.images.policy import OWN, ImagePolicy
from echo_agent.images.wide import WideImage

if TYPE_CHECKING:
    from torch import Tensor

ImageLike = Union[str, Path, Image.Image, NDArray[np.generic], "Tensor", bytes]
"""A path, a Pillow image, a numpy array, a torch tensor, or the bytes of an image file."""

CHANNELS = (1, 3, 4)


def image_in_memory(image: object, policy: ImagePolicy = OWN) -> Raster:
    """Makes an upright image from a Pillow image, an array or a tensor.

    Raises:
        ImageError: It is none of these, too large, or cannot be read.
    """
    if isinstance(image, Image.Image):
        return image_from_pillow(image, policy)
    if isinstance(image, np.ndarray):
        return image_from_array(image, policy)
    if is_tensor(image):
        return image_from_tensor(image, policy)
    raise ImageError(
        f"{type(image).__name__} is no image: give a path, a Pillow image, an array, a tensor or bytes"
    )


def value_range(image: "ImageLike") -> ValueRange | None:
    """The values of an image of more than 8 bits; None for any other, and for one that cannot be read.

    Raises:
        ImageError: It says that it holds more than 8 bits, and is damaged.
    """
    if isinstance(image, str | Path):
        raster: object = read_raster(image) if is_wide(image) else None
    elif isinstance(image, bytes):
        raster = decode_raster(image, name="a photograph")
    else:
        raster = image_in_memory(image)
    return raster.range if isinstance(raster, WideImage) else None


def image_from_pillow(image: Image.Image, policy: ImagePolicy = OWN) -> Raster:
    """Makes an upright image from any Pillow image.

    Raises:
        ImageError: It is empty, too large, of a mode that has no RGB, or its file is damaged.
    """
    if 0 in image.size:
        raise ImageError(
            f"an image of {image.width} x {image.height} pixels cannot be judged: give a photograph"
        )
    check_size(*image.size, policy, name="the given image")
    try:
        return to_raster(image, name="the given image")
    except DAMAGED as error:
        raise ImageError(f"the given image cannot be read ({error}): save it as PNG or JPEG") from error


def image_from_array(array: NDArray[np.generic], policy: ImagePolicy = OWN) -> Raster:
    """Makes an image from an array.

    Args:
        array: ``(height, width)``, ``(height, width, 1)``, ``(height, width, 3)`` or ``(height, width, 4)``;
            uint8, uint16, bool or float (floats in 0..1).
        policy: How large it may be.

    Returns:
        8-bit RGB, or the values of an array of uint16.

    Raises:
        ImageError: The shape or the type is none of these, or values are not finite.
    """
    values = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if (
        values.size == 0
        or values.ndim not in {2, 3}
        or (values.ndim == 3 and values.shape[2] not in CHANNELS)
    ):
        raise ImageError(f"an array of shape {array.shape} is no image: give (height, width[, 1, 3 or 4])")
    check_size(values.shape[1], values.shape[0], policy, name="the given array")
    if values.dtype == np.uint16:
        return _wide(values)
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * 255
    elif np.issubdtype(values.dtype, np.floating):
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
            raise ImageError("a float array is read as 0..1, but holds other values: scale it or give uint8")
        values = (values * 255).round()
    elif values.dtype != np.uint8:
        raise ImageError(f"an array of type {array.dtype} is no image: give uint8, uint16 or float in 0..1")
    return to_raster(Image.fromarray(np.ascontiguousarray(values.astype(np.uint8))))


def _wide(values: NDArray[Any]) -> WideImage:
    alpha = (values[..., 3] >> 8).astype(np.uint8) if values.shape[2:] == (4,) else None
    return WideImage(values[..., :3] if values.ndim == 3 else values, alpha, "the given array")


def is_tensor(image: object) -> "TypeGuard[Tensor]":
    """Whether this is a torch tensor; torch is not loaded to find out."""
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(image, torch.Tensor)


def image_from_tensor(tensor: "Tensor", policy: ImagePolicy = OWN) -> Raster:
    """Makes an image from a tensor on any device.

    Args:
        tensor: ``(channels, height, width)``, ``(height, width, channels)`` or ``(height, width)`` with 1, 3 or 4
            channels; of the types of ``image_from_array``, and half-precision floats.
        policy: How large it may be.

    Raises:
        ImageError: The shape is none of these or could be two of them, or the array could not be read.
    """
    shape = tuple(tensor.shape)
    first, last = tensor.ndim == 3 and shape[0] in CHANNELS, tensor.ndim == 3 and shape[2] in CHANNELS
    if tensor.ndim not in {2, 3} or (tensor.ndim == 3 and first == last):
        raise ImageError(
            f"a tensor of shape {shape} is no image for sure: give one photograph as (channels, height, width) or "
            "(height, width, channels), with 1, 3 or 4 channels"
        )
    one = (tensor.movedim(0, -1) if first else tensor).detach().cpu()
    return image_from_array((one.float() if one.is_floating_point() else one).numpy(), policy)
