"""Changes of a photograph that leave its part the same."""

from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image, ImageEnhance

EIGHTHS = tuple(45.0 * step for step in range(1, 8))
"""Angles of the copies of a part that lies at any angle, in degrees."""

SHIFT_SHARE = 0.02
TURN_DEGREES = 3.0
LIGHT = (0.9, 1.1)


def small_changes(image: Image.Image) -> list[Image.Image]:
    """Shifted, turned, darker and brighter copies of an RGB image, of the same size.

    Returns:
        Six images: two shifts by 2 % of the sides, two turns by 3 degrees, 10 % darker and brighter. What a shift
        or a turn uncovers is cut away, and the rest scaled back.
    """
    width, height = image.size
    across, down = max(1, round(width * SHIFT_SHARE)), max(1, round(height * SHIFT_SHARE))
    shifted = [
        image.crop((across, down, width, height)).resize(image.size, Image.Resampling.BICUBIC),
        image.crop((0, 0, width - across, height - down)).resize(image.size, Image.Resampling.BICUBIC),
    ]
    margin = (round(width * 0.06), round(height * 0.06))
    inner = (margin[0], margin[1], width - margin[0], height - margin[1])
    turned = [
        image.rotate(angle, Image.Resampling.BICUBIC).crop(inner).resize(image.size, Image.Resampling.BICUBIC)
        for angle in (-TURN_DEGREES, TURN_DEGREES)
    ]
    lit = [ImageEnhance.Brightness(image).enhance(factor) for factor in LIGHT]
    return [*shifted, *turned, *lit]


def rotated(images: Iterable[Image.Image], angle: float) -> Iterator[Image.Image]:
    """Copies of images turned by an angle in degrees, of the same size; what a turn uncovers is their mirrored rest."""
    return (_rotated(image, angle) for image in images)


def _rotated(image: Image.Image, angle: float) -> Image.Image:
    if angle == 180.0:
        return image.transpose(Image.Transpose.ROTATE_180)
    width, height = image.size
    around = round(np.hypot(width, height) - min(width, height)) // 2 + 1
    wide = Image.fromarray(
        np.pad(np.asarray(image), ((around, around), (around, around), (0, 0)), mode="symmetric")
    )
    turned = wide.rotate(angle, Image.Resampling.BICUBIC)
    return turned.crop((around, around, around + width, around + height))
