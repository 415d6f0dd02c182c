"""Where not to look: regions of a photograph that never count, painted over before anything sees them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydantic import BaseModel, ConfigDict

Polygon = tuple[tuple[float, float], ...]
"""Corners, each from 0 (left, top) to 1 (right, bottom)."""

PAINT = (124, 116, 104)
"""The mean colour of ImageNet's photographs, which says nothing to an encoder."""


class Ignored(BaseModel):
    """What of a product's photographs never counts.

    Attributes:
        regions: What is ignored.
        all_but: Where these are given, everything outside them is ignored as well.
        drawn_on: Digest of the reference that they are drawn on: they move with the part. None where they stay where
            they are drawn, as the camera and the part stand still.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    regions: tuple[Polygon, ...] = ()
    all_but: tuple[Polygon, ...] = ()
    drawn_on: str | None = None

    def __bool__(self) -> bool:
        """Whether anything is ignored."""
        return bool(self.regions or self.all_but)

    def painted(self, image: Image.Image) -> Image.Image:
        """The photograph with what is ignored in one colour: what lies there changes nothing, the rest counts."""
        if not self:
            return image
        changed = image.copy()
        changed.paste(PAINT, mask=self._drawn(image.size))
        return changed

    def share(self, size: tuple[int, int]) -> float:
        """Share of a photograph of this width and height that is ignored, 0 to 1."""
        return float(self.mask(size).mean()) if self else 0.0

    def mask(self, size: tuple[int, int]) -> NDArray[np.bool_]:
        """Which pixels of a photograph of this width and height are ignored ``(height, width)``."""
        return np.asarray(self._drawn(size), dtype=np.bool_)

    def _drawn(self, size: tuple[int, int]) -> Image.Image:
        mask = Image.new("1", size, 1 if self.all_but else 0)
        draw = ImageDraw.Draw(mask)
        for shape in self.all_but:
            draw.polygon(_pixels(shape, size), fill=0)
        for shape in self.regions:
            draw.polygon(_pixels(shape, size), fill=1)
        return mask


def _pixels(shape: Polygon, size: tuple[int, int]) -> Sequence[tuple[float, float]]:
    return [(x * (size[0] - 1), y * (size[1] - 1)) for x, y in shape]


NOTHING = Ignored()
"""Where all of a photograph counts."""
