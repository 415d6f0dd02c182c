"""What is attacked: memories of drawn parts, and an encoder that needs no network."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from echo_agent.memory.memory import Memory
from echo_agent.vision.features import Array


class Colours:
    """Features of an image are its colours: enough to tell whether all of a memory is there, and fast."""

    name = id = "colours"

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Array]:
        """Gives a grid of colours, finer with a larger scale."""
        side = round(12 * scale)
        return [np.asarray(image.resize((side, side)), dtype=np.float32) for image in images]


def drawn_part(seed: int, *, defect: bool = False) -> Image.Image:
    """Draws a plate with a grain of its own; with ``defect`` a red stain lies on it.

    Args:
        seed: Seed of the grain.
        defect: Whether it is stained.
    """
    grain = np.random.default_rng(seed).normal(150, 12, (96, 128, 3))
    picture = Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((20, 20, 44, 44), fill=(60, 62, 66))
    if defect:
        draw.rectangle((70, 30, 110, 70), fill=(230, 20, 20))
    return picture


def open_memory(folder: Path, *, create: bool = False) -> Memory:
    """Opens a memory of drawn parts."""
    return Memory.open(folder, encoder=Colours(), create=create)
