"""Regions measured in the units of a limit, with the uncertainty of their border."""

from dataclasses import dataclass

from echo_agent.knowledge.card import Scale
from echo_agent.knowledge.quantity import Area, Length
from echo_agent.state import Region


@dataclass(frozen=True)
class Measured:
    """A measured value with the ends of its uncertainty, all in one unit."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Measured":
        """Returns the measurement in another unit."""
        return Measured(self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True)
class Frame:
    """The image that regions were measured on.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
        mm_per_pixel: Its scale, or None where it has none.
    """

    width: int
    height: int
    mm_per_pixel: float | None = None

    @classmethod
    def of(cls, width: int, height: int, scale: Scale | None) -> "Frame":
        """Returns the frame of an image, with the card's scale where it holds for it."""
        return cls(width, height, None if scale is None else scale.millimetres_per_pixel(width))


def area_of(region: Region, unit: Area, frame: Frame) -> Measured | None:
    """Returns a region's area in the limit's unit, or None where that needs a scale that is missing."""
    low, high = min(region.area_px_low, region.area_px), max(region.area_px_high, region.area_px)
    pixels = Measured(region.area_px, low, high)
    if unit.unit == "mm2":
        return None if frame.mm_per_pixel is None else pixels.times(frame.mm_per_pixel**2)
    return pixels if unit.unit == "px2" else pixels.times(100.0 / (frame.width * frame.height))


def length_of(region: Region, unit: Length, frame: Frame) -> Measured | None:
    """Returns a region's longest extent in the limit's unit, or None where the scale for it is missing."""
    pixels = _length_in_pixels(region)
    if unit.unit == "mm":
        return None if frame.mm_per_pixel is None else pixels.times(frame.mm_per_pixel)
    return pixels if unit.unit == "px" else pixels.times(100.0 / max(frame.width, frame.height))


def _length_in_pixels(region: Region) -> Measured:
    """Estimates how far the length moves with the border.

    A border that moves out by ``d`` adds about the perimeter times ``d`` to the area and ``2 d`` to the
    length. The perimeter is taken as that of a rectangle with the region's area and length, so ``d`` follows
    from the areas at the two map thresholds.
    """
    perimeter = 2.0 * (region.length_px + region.area_px / region.length_px)
    out = max(0.0, region.area_px_high - region.area_px) / perimeter
    inwards = max(0.0, region.area_px - region.area_px_low) / perimeter
    shrunk = 0.0 if region.area_px_low == 0 else max(1.0, region.length_px - 2.0 * inwards)
    return Measured(region.length_px, min(shrunk, region.length_px), region.length_px + 2.0 * out)
