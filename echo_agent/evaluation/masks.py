"""Reading masks: which pixels of a photograph are marked as defect, however the mask was saved."""

import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from echo_agent.errors import DatasetError, ImageError
from echo_agent.evaluation.labels import plain_word
from echo_agent.images.decoding import DAMAGED, FORMATS, read_image_file

LOSSY = frozenset({"JPEG", "WEBP"})
"""Formats that ring beside an edge. There, as in a soft opacity, half of the mask's highest value marks a pixel."""

MIN_LOSSY_PEAK = 64
"""Brightest value below which a lossy mask is noise, or ids that the format has washed out."""

MASK_WORDS = (
    "mask",
    "masks",
    "gt",
    "ground truth",
    "groundtruth",
    "label",
    "labels",
    "seg",
    "segmentation",
    "anomaly",
)
"""What may follow a photograph's name in the name of its mask, with a number behind where there are several."""


def read_mask(file: Path, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Reads a mask: ids of any depth, palettes, colours, colour on a transparent ground, lossy greys.

    Args:
        file: The mask.
        size: Width and height of its photograph in pixels.

    Returns:
        ``(height, width)``, True on the defect.

    Raises:
        DatasetError: It cannot be read, or has another size than its photograph.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata
            read_image_file(file)
            with Image.open(file, formats=FORMATS) as image:
                if getattr(image, "n_frames", 1) > 1:
                    raise DatasetError(f"the mask {file} has several pages: save the one that is meant")
                lossy = image.format in LOSSY
                values, soft = _values(ImageOps.exif_transpose(image))
                soft = soft or lossy
    except (ImageError, *DAMAGED) as error:
        raise DatasetError(f"the mask {file} cannot be read ({error}): save it as PNG") from error
    height, width = values.shape
    if (width, height) != size:
        raise DatasetError(
            f"{file} is {width} x {height} pixels and its photograph {size[0]} x {size[1]}: "
            "give the mask the photograph's size"
        )
    peak = float(values.max())
    if lossy and 0 < peak < MIN_LOSSY_PEAK:
        raise DatasetError(f"{file} is a faint lossy mask (brightest value {peak:.0f}): save it as PNG")
    return values > (peak / 2 if soft else 0)


def _values(image: Image.Image) -> tuple[NDArray[np.floating], bool]:
    """A value a pixel, 0 on the ground (id, brightest channel, opacity that varies), and whether edges are soft."""
    if image.has_transparency_data:
        layered = np.asarray(image.convert("RGBA"), dtype=np.float64)
        opacity = layered[..., 3]
        return (opacity, True) if np.ptp(opacity) else (layered[..., :3].max(axis=2), False)
    ids = np.asarray(image, dtype=np.float64)
    if image.mode in {"P", "CMYK", "YCbCr", "LAB", "HSV"}:
        colours = np.asarray(image.convert("RGB"), dtype=np.float64).max(axis=2)
        return colours if colours.any() or image.mode != "P" else ids, False
    return ids if ids.ndim == 2 else ids.max(axis=2), False


def masks_of(photograph: Path, masks: Iterable[Path]) -> tuple[Path, ...]:
    """The masks of a photograph: those of its name, alone or with a word such as ``mask`` or ``gt`` behind.

    Args:
        photograph: The photograph.
        masks: Files among which its masks are sought.
    """
    name = plain_word(photograph.stem)
    ending = f"(?: (?:{'|'.join(MASK_WORDS)}))(?: ?[0-9]+)?"
    named = re.compile(f"{re.escape(name)}(?:{ending})?")
    return tuple(mask for mask in masks if named.fullmatch(plain_word(mask.stem)))


def marked(masks: Sequence[Path], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Reads masks and unites them; see ``read_mask``."""
    united = np.zeros((size[1], size[0]), dtype=bool)
    for file in masks:
        united |= read_mask(file, size)
    return united
