"""Colour of 16 bits a channel: Pillow keeps the high byte of each value, so a file is read once for either byte."""

import sys
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from echo_agent.errors import ImageError
from echo_agent.images.wide import ROWS_AT_ONCE, WideImage

_SWAPPED = {";16L": ";16B", ";16B": ";16L", ";16N": ";16B" if sys.byteorder == "little" else ";16L"}
"""Byte orders by Pillow's raw modes: of one value it takes the byte that the order puts first."""

_MODES = ("RGB", "RGBX", "RGBA")

BITS_PER_SAMPLE, _PHOTOMETRIC, _PLANAR = 258, 262, 284


def is_sixteen_bit_colour(image: Image.Image) -> bool:
    """Whether an opened file, not loaded yet, holds colour of 16 bits a channel."""
    mode, order = _raw_mode(image)
    return mode in _MODES and order in _SWAPPED


def refuse_unreadable_depth(image: Image.Image, name: str) -> None:
    """Refuses what Pillow would read wrong or by half, and without a word.

    Raises:
        ImageError: It has 16 bits in printing inks, or with an alpha beside grey or multiplied in; or it is a TIFF of
            more than 8 bits that is saved plane by plane, or with white as zero.
    """
    mode, order = _raw_mode(image)
    if order in _SWAPPED and mode not in {*_MODES, "I"}:
        raise ImageError(
            f"{name} holds {mode} in 16 bits, of which half would be lost: save it as grey or RGB"
        )
    tags = getattr(image, "tag_v2", None)
    if tags is None or max(tags.get(BITS_PER_SAMPLE, (1,))) <= 8:
        return
    if tags.get(_PLANAR, 1) == 2 and image.mode not in {"F", "I", "I;16", "I;16B"}:
        raise ImageError(f"{name} holds its colours plane by plane: save it interleaved, as most programs do")
    if tags.get(_PHOTOMETRIC) == 0:
        raise ImageError(f"{name} says that white is zero, in more than 8 bits: save it with black as zero")


def swap_bytes(image: Image.Image) -> None:
    """Lets an opened file of 16-bit colour load the low byte of each value in place of the high one."""
    assert isinstance(image, ImageFile.ImageFile)
    image.tile = [tile._replace(args=_with_swapped(tile.args)) for tile in image.tile]


def joined(high: Image.Image, low: Image.Image, name: str) -> WideImage:
    """Puts the two bytes of each value together."""
    values = np.empty((high.height, high.width, 3), np.uint16)
    alpha = np.asarray(high.getchannel("A")) if high.mode == "RGBA" else None
    for top in range(0, high.height, ROWS_AT_ONCE):
        strip = (0, top, high.width, min(top + ROWS_AT_ONCE, high.height))
        upper, lower = (np.asarray(image.crop(strip))[..., :3] for image in (high, low))
        values[strip[1] : strip[3]] = upper.astype(np.uint16) << 8 | lower
    return WideImage(values, alpha, name)


def _raw_mode(image: Image.Image) -> tuple[str, str]:
    tiles = getattr(image, "tile", [])
    args = tiles[0].args if tiles else ""
    raw = args if isinstance(args, str) else str(args[0]) if args else ""
    mode, separator, order = raw.partition(";")
    return mode, separator + order


def _with_swapped(args: Any) -> Any:
    if isinstance(args, str):
        mode, order = args.split(";")
        return f"{mode}{_SWAPPED[';' + order]}"
    return (_with_swapped(args[0]), *args[1:])  # Pillow's raw mode comes first
