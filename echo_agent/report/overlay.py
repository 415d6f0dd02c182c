"""A photograph with its anomaly map and its regions drawn on it."""

import logging
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from echo_agent.errors import StoreError
from echo_agent.report.colours import DEFECTIVE_FROM, SATURATED_AT, SHOWN_FROM, colours_of
from echo_agent.state import Region, Verdict

if TYPE_CHECKING:
    from echo_agent.memory.memory import Memory

LOG = logging.getLogger(__name__)

LEVELS = 255
OUTLINE = (255, 255, 255)
HALO = (20, 20, 24)


def shown_map(memory: "Memory", verdict: Verdict) -> NDArray[np.float32] | None:
    """The anomaly map of a verdict; None where there is none, or where it is no longer kept or damaged."""
    try:
        return memory.anomaly_map(verdict.map_id) if verdict.map_id is not None else None
    except StoreError as error:
        LOG.warning("shown without its map: %s", error)
        return None


def overlay(
    picture: Image.Image,
    anomaly_map: NDArray[np.float32] | None,
    regions: Sequence[Region] = (),
    *,
    longest_side: int | None = None,
) -> Image.Image:
    """Draws an anomaly map and regions on a photograph.

    Args:
        picture: Upright RGB photograph.
        anomaly_map: Map of any resolution that covers the picture, in multiples of the map threshold; None
            draws the regions alone.
        regions: Regions in pixels of the picture; each gets a box with its name.
        longest_side: Longest side of the result in pixels, larger or smaller than the picture's, so that
            lines and names stay readable; None keeps the picture's size.

    Returns:
        RGB picture. Below half the map threshold it is the photograph, at the threshold the outline is drawn.
    """
    scale = 1.0 if longest_side is None else longest_side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    drawn = (
        picture.convert("RGB")
        if size == picture.size
        else picture.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    )
    return marked(drawn, anomaly_map, regions, picture.size)


def marked(
    picture: Image.Image,
    anomaly_map: NDArray[np.float32] | None,
    regions: Sequence[Region],
    size: tuple[int, int],
) -> Image.Image:
    """Draws an anomaly map and regions on a picture that has its size already; see ``overlay``.

    Args:
        picture: RGB picture.
        anomaly_map: The map.
        regions: Regions in pixels of the photograph.
        size: Width and height of the photograph.
    """
    if anomaly_map is not None:
        picture = _with_map(picture, anomaly_map)
    if regions:
        picture = _with_boxes(picture, regions, picture.width / size[0], picture.height / size[1])
    return picture


def _with_map(picture: Image.Image, anomaly_map: NDArray[np.float32]) -> Image.Image:
    """Blends the map over the picture and outlines what lies above the map threshold."""
    if anomaly_map.max() < SHOWN_FROM:
        return picture
    fitted = Image.fromarray(np.asarray(anomaly_map, dtype=np.float32)).resize(
        picture.size, Image.Resampling.BILINEAR
    )
    values = np.asarray(fitted)
    level = (values - SHOWN_FROM) * (LEVELS / (SATURATED_AT - SHOWN_FROM))
    coloured = _scale()[level.clip(0, LEVELS).astype(np.uint8)]
    layer = Image.fromarray(coloured.view(np.uint8).reshape(*values.shape, 4))
    blended = Image.composite(layer.convert("RGB"), picture, layer.getchannel("A"))
    above = values >= DEFECTIVE_FROM
    if above.any():
        side = 2 * max(1, round(max(picture.size) / 400)) + 1
        edge = above & ~ndimage.minimum_filter(above, side, mode="nearest")
        blended.paste(OUTLINE, mask=Image.fromarray(edge))
    return blended


@cache
def _scale() -> NDArray[np.uint32]:
    """The colour scale in ``LEVELS`` steps: red, green, blue and opacity, a byte each."""
    rgb, opacity = colours_of(np.linspace(SHOWN_FROM, SATURATED_AT, LEVELS + 1, dtype=np.float32))
    steps = np.concatenate([rgb, 255 * opacity[:, None]], axis=1)
    return np.ascontiguousarray(steps.round().astype(np.uint8)).view(np.uint32)[:, 0]


def _with_boxes(picture: Image.Image, regions: Sequence[Region], across: float, down: float) -> Image.Image:
    """Draws each region's box and name, the most suspicious last so that it lies on top."""
    marked = picture.copy()
    draw = ImageDraw.Draw(marked)
    longest = max(picture.size)
    width = max(1, round(longest / 300))
    font = ImageFont.load_default(size=max(10, round(longest / 22)))
    for region in reversed(regions):
        left, right = region.box.left * across - width, region.box.right * across + width
        top, bottom = region.box.top * down - width, region.box.bottom * down + width
        draw.rectangle((left - width, top - width, right + width, bottom + width), outline=HALO, width=width)
        draw.rectangle((left, top, right, bottom), outline=OUTLINE, width=width)
        _write_name(draw, region.id, (left, top), picture.size, font)
    return marked


def _write_name(
    draw: ImageDraw.ImageDraw,
    name: str,
    corner: tuple[float, float],
    size: tuple[int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    """Writes a region's name above its box, or in it where there is no room above."""
    left, top, right, bottom = draw.textbbox((0, 0), name, font=font)
    x = min(max(0.0, corner[0]), size[0] - (right - left) - 6)
    y = corner[1] - (bottom - top) - 8
    y = y if y >= 0 else corner[1] + 2
    draw.rectangle((x, y, x + right - left + 6, y + bottom - top + 6), fill=HALO)
    draw.text((x + 3 - left, y + 3 - top), name, fill=OUTLINE, font=font)
