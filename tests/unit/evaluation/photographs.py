"""Small made photographs in the layouts of datasets."""

from pathlib import Path

import numpy as np
from PIL import Image


def write_photograph(path: Path, brightness: int, *, square: int | None = None, size=(32, 24)) -> Path:
    """Writes a grey photograph of one brightness, with a square of another in it."""
    pixels = np.full((size[1], size[0]), brightness, dtype=np.uint8)
    if square is not None:
        pixels[4:12, 4:12] = square
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def write_mvtec_category(folder: Path) -> Path:
    """Writes four normals, two good tests, two dents with masks and one stain without."""
    for number in range(4):
        write_photograph(folder / "train" / "good" / f"{number:03}.png", 100)
    for number in range(2):
        write_photograph(folder / "test" / "good" / f"{number:03}.png", 101 + number)
        write_photograph(folder / "test" / "dent" / f"{number:03}.png", 100, square=250)
        write_photograph(folder / "ground_truth" / "dent" / f"{number:03}_mask.png", 0, square=255)
    write_photograph(folder / "test" / "stain" / "000.png", 160)
    return folder
