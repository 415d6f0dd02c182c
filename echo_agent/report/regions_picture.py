"""A photograph with what of it never counts, hatched, and with a region that is being drawn."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from echo_agent.images.ignored import Ignored

HATCHES, SHADE = 60, 0.55
"""Hatches along a side, and how dark what is ignored is drawn."""

OUTLINE, OPEN = (255, 255, 255), (255, 190, 0)


def with_regions(
    photograph: Image.Image, ignored: Ignored, corners: Sequence[tuple[float, float]] = ()
) -> Image.Image:
    """Draws regions onto an RGB photograph.

    Args:
        photograph: The photograph.
        ignored: Where its regions lie in it.
        corners: Corners of the region that is being drawn, from 0 to 1.
    """
    pixels = np.asarray(photograph, dtype=np.float32).copy()
    rows, columns = np.indices(pixels.shape[:2])
    hidden = ignored.mask(photograph.size)
    pixels[hidden] *= SHADE
    apart = max(6, max(photograph.size) // HATCHES)
    pixels[hidden & ((rows + columns) % apart < apart / 5)] = 200
    picture = Image.fromarray(pixels.astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    across, down = picture.width - 1, picture.height - 1
    for number, shape in enumerate((*ignored.regions, *ignored.all_but), start=1):
        outline = [(x * across, y * down) for x, y in shape]
        draw.polygon(outline, outline=OUTLINE, width=2)
        draw.text(
            (outline[0][0] + 6, outline[0][1] + 4), str(number), fill=OUTLINE, stroke_width=2, stroke_fill=0
        )
    points = [(x * across, y * down) for x, y in corners]
    if len(points) > 1:
        draw.line(points, fill=OPEN, width=2)
    for x, y in points:
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=OPEN)
    return picture
