"""Detail between neighbouring pixels: what tells blur, enlarging and noise in a photograph."""

from dataclasses import dataclass
from itertools import product as pairs

import numpy as np
from PIL import Image

TILE = 128
WHOLE = 256
"""An image of at most this many pixels squared is measured whole, a larger one on five tiles."""

MIN_ENERGY = 0.02
"""Grey levels squared: below it a band holds rounding alone."""

MAX_GRAIN = 0.9
"""Beside photographs that are pure noise themselves, noise and detail could not be told apart."""


@dataclass(frozen=True)
class PixelDetail:
    """Energy between neighbouring pixels of an image (Haar bands), in grey levels squared.

    Attributes:
        diagonal: Mean energy of the diagonal band.
        upright: Mean energy of the horizontal and the vertical band.
    """

    diagonal: float
    upright: float

    @classmethod
    def of(cls, image: Image.Image) -> "PixelDetail":
        """Measures an RGB image, of any size."""
        width, height = image.size
        if min(width, height) < 2:
            return cls(0.0, 0.0)
        across, down = min(width, TILE), min(height, TILE)
        boxes = [(0, 0, width, height)]
        if width * height > WHOLE * WHOLE:
            corners = [
                (round((width - across) * x), round((height - down) * y))
                for x, y in [*pairs((0.15, 0.85), (0.15, 0.85)), (0.5, 0.5)]
            ]
            boxes = [(left, top, left + across, top + down) for left, top in corners]
        diagonal, upright = np.mean([_bands(image.crop(box)) for box in boxes], axis=0)
        return cls(float(diagonal), float(upright))

    @property
    def grain(self) -> float:
        """Ratio of diagonal to upright detail: blur and enlarging take the diagonal first, noise fills both alike."""
        return float(((self.diagonal + MIN_ENERGY) / (self.upright + MIN_ENERGY)) ** 0.5)

    def noise(self, usual_grain: float) -> float:
        """Noise beyond what is usual, from the energy that both bands share beyond the usual ratio of the two.

        Args:
            usual_grain: Grain of photographs without that noise.

        Returns:
            Standard deviation in grey levels, at least 0: *n* of ``diagonal = g^2 (upright - n^2) + n^2``.
        """
        ratio = min(usual_grain, MAX_GRAIN) ** 2
        return float(max(0.0, (self.diagonal - ratio * self.upright) / (1.0 - ratio)) ** 0.5)


def _bands(tile: Image.Image) -> tuple[float, float]:
    """Diagonal and upright energy of a tile."""
    grey = np.asarray(tile.convert("L"), dtype=np.float32)
    even = grey[: grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2]
    a, b, c, d = even[0::2, 0::2], even[0::2, 1::2], even[1::2, 0::2], even[1::2, 1::2]
    falling, rising, cross = a - d, b - c, (a + d) - (b + c)  # upright bands: falling less and more rising
    upright = np.vdot(falling, falling) + np.vdot(rising, rising)
    return float(np.vdot(cross, cross)) / (4 * a.size), float(upright) / (4 * a.size)
