"""Images of more than 8 bits: their values as the file holds them, until it is known which are black and white."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from echo_agent.errors import ImageError
from echo_agent.images.depth import SIXTEEN_BITS, UNIT, Depth, ValueRange, why_unfit

ROWS_AT_ONCE = 256
"""Rows that are worked on together: the numbers between take a multiple of their own memory."""

Values = NDArray[Any]


@dataclass(frozen=True)
class WideImage:
    """An upright image of more than 8 bits.

    Attributes:
        values: ``(height, width)`` or ``(height, width, 3)``: uint16, int32 or float32.
        alpha: ``(height, width)``, uint8; None where nothing is transparent.
        name: How the image is called in errors.
    """

    values: Values
    alpha: NDArray[np.uint8] | None = None
    name: str = "the image"

    def __post_init__(self) -> None:
        if self.values.dtype.kind == "f" and not np.isfinite(self.values).all():
            raise ImageError(f"{self.name} holds values that are not finite: save it as 8-bit PNG")

    @property
    def range(self) -> ValueRange:
        """The values that it holds."""
        return ValueRange(
            float(self.values.min()), float(self.values.max()), whole=self.values.dtype.kind in "iu"
        )

    @property
    def own_depth(self) -> Depth:
        """What its kind of file means by white: 1 for floats, 65535 for whole numbers."""
        return UNIT if self.values.dtype.kind == "f" else SIXTEEN_BITS

    def unfit(self, depth: Depth) -> str | None:
        """Why it cannot have a depth; None where it can."""
        outside = np.count_nonzero(self.values < depth.low) + np.count_nonzero(self.values > depth.high)
        return why_unfit(self.range, outside / self.values.size, depth)

    def rgb(self, depth: Depth | None = None) -> Image.Image:
        """Scales to 8-bit RGB.

        Args:
            depth: Which values are black and white; what its kind of file means by them where not given.

        Raises:
            ImageError: The image holds values that no image of that depth can hold.
        """
        chosen = depth or self.own_depth
        why = self.unfit(chosen)
        if why is not None:
            raise ImageError(f"{self.name} {why}: register its product with --depth, or save it with 8 bits")
        picture = Image.new("RGB", (self.values.shape[1], self.values.shape[0]))
        hides = self.alpha is not None and self.alpha.min() < self.alpha.max()
        for top in range(0, picture.height, ROWS_AT_ONCE):
            rows = slice(top, top + ROWS_AT_ONCE)
            shares = (self.values[rows].astype(np.float64) - chosen.low) / (chosen.high - chosen.low)
            strip = Image.fromarray(np.rint(shares.clip(0, 1) * 255).astype(np.uint8)).convert("RGB")
            if self.alpha is not None and hides:
                strip.putalpha(Image.fromarray(self.alpha[rows]))
                strip = on_white(strip)
            picture.paste(strip, (0, top))
        return picture


def depth_among(image: WideImage, depths: Iterable[Depth | None]) -> Depth:
    """Chooses the depth of an image among those of the products that it may show.

    Args:
        image: The image.
        depths: The products' depths; None is what the kind of file means. None at all is that as well.

    Raises:
        ImageError: It fits none of several, or more than one of them.
    """
    known = {depth or image.own_depth for depth in depths} or {image.own_depth}
    fitting = [depth for depth in known if image.unfit(depth) is None]
    if len(fitting) > 1:
        named = " or ".join(sorted(str(depth) for depth in fitting))
        raise ImageError(f"{image.name} may be read with {named}: say which product it shows")
    return fitting[0] if fitting else max(known, key=lambda depth: depth.high)


def on_white(layered: Image.Image) -> Image.Image:
    """Lays an RGBA picture over white."""
    paper = Image.new("RGBA", layered.size, (255, 255, 255, 255))
    return Image.alpha_composite(paper, layered).convert("RGB")
