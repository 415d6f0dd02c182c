"""An image by reference, and places in it: boxes in pixels of the upright image, right and bottom exclusive."""

from pydantic import Field

from echo_agent.state.value import Value

MAX_REGIONS = 10
"""Regions of an image that are measured at most; where there are as many, there may be more."""


class ImageRef(Value):
    """An image by reference.

    Attributes:
        uri: Where it can be read: a path on disk.
        sha256: Digest of the file's bytes, the image's identity.
        width: Width in pixels, upright (EXIF orientation applied).
        height: Height in pixels, upright.
    """

    uri: str
    sha256: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class Box(Value):
    """An axis-aligned box in pixels; ``right`` and ``bottom`` are exclusive."""

    left: int = Field(ge=0)
    top: int = Field(ge=0)
    right: int = Field(gt=0)
    bottom: int = Field(gt=0)


class Region(Value):
    """A connected suspicious area of the anomaly map.

    Attributes:
        id: Its name in the evidence, ``R1`` for the most suspicious.
        box: Its bounding box.
        area_px: Area in pixels with the border at a share of the peak's height over the ground.
        area_px_low: Area with the border higher up (its uncertainty, lower end); 0 where it may be no region at all.
        area_px_high: Area with the border further down (upper end).
        length_px: Longest extent in pixels (largest distance between two of its pixels).
        peak: Highest calibrated map value in it (1 is the map threshold).
        mean: Mean calibrated map value in it.
        place: Where it lies, in words of a 3 x 3 grid, such as ``top left`` or ``centre``.
    """

    id: str
    box: Box
    area_px: int = Field(ge=1)
    area_px_low: int = Field(ge=0)
    area_px_high: int = Field(ge=1)
    length_px: float = Field(gt=0)
    peak: float
    mean: float
    place: str
