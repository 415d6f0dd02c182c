"""Reading photographs: any common format to upright 8-bit RGB, or an error that says what is wrong."""

import io
import struct
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from echo_agent.errors import ImageError
from echo_agent.images.policy import OWN, ImagePolicy

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"}
)

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF", "PPM")
"""Kinds of files that are decoded; others are left alone (for EPS, Pillow would start Ghostscript on the content)."""

PREMULTIPLIED = {"RGBa": "RGBA", "La": "LA"}

DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    ArithmeticError,
    NotImplementedError,
    struct.error,
)
"""What Pillow's readers raise on damaged data, besides that the kind of file is unknown."""


def load_image(path: str | Path, policy: ImagePolicy = OWN) -> Image.Image:
    """Reads an image file: the pixels that the evidence is taken from, and that a language model is shown.

    Args:
        path: File to read.
        policy: How large it may be.

    Returns:
        The image as upright 8-bit RGB: EXIF orientation is applied, 16-bit and float images are scaled to 8 bit,
        transparency is laid over white, palettes and grey are expanded.

    Raises:
        ImageError: The file is missing, empty, truncated, no image, or larger than allowed.
    """
    return decode_image(read_image_file(path), policy, name=str(path))


def read_image_file(path: str | Path) -> bytes:
    """Reads the bytes of an image file.

    Raises:
        ImageError: The file is missing or cannot be read.
    """
    file = Path(path)
    if file.is_dir():
        raise ImageError(f"{file} is a folder, not an image: name a file in it")
    try:
        return file.read_bytes()
    except OSError as error:
        reason = (
            "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        )
        raise ImageError(f"{file} {reason}: check the path") from error


def decode_image(data: bytes, policy: ImagePolicy = OWN, *, name: str = "the image") -> Image.Image:
    """Decodes the bytes of an image file; see ``load_image``.

    Args:
        data: Content of an image file.
        policy: How large it may be.
        name: How the image is called in errors.

    Returns:
        Upright 8-bit RGB image.

    Raises:
        ImageError: The bytes are no complete image, or the image is larger than allowed.
    """
    if not data:
        raise ImageError(f"{name} is empty (0 bytes): take the photograph again")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata, and of sizes that are checked below
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                check_size(*image.size, policy, name=name)
                image.load()
                return to_rgb(image)
    except UnidentifiedImageError as error:
        raise ImageError(f"{name} is not an image that can be read: save it as PNG or JPEG") from error
    except Image.DecompressionBombError as error:
        raise ImageError(f"{name} has too many pixels to be decoded safely: scale it down") from error
    except DAMAGED as error:
        raise ImageError(
            f"{name} is damaged or cut off ({error}): take or copy the photograph again"
        ) from error


def check_size(width: int, height: int, policy: ImagePolicy, *, name: str) -> None:
    """Refuses images that are larger than allowed.

    Raises:
        ImageError: There are more than ``policy.max_megapixels``.
    """
    limit = policy.max_megapixels
    if width * height > limit * 1e6:
        raise ImageError(
            f"{name} is {width} x {height} pixels, more than the {limit:g} megapixels allowed: "
            "scale it down or raise ECHO_MAX_IMAGE_MEGAPIXELS"
        )


def to_rgb(image: Image.Image) -> Image.Image:
    """Converts any Pillow image to upright 8-bit RGB.

    Args:
        image: Image of any mode.

    Returns:
        A new RGB image. 16-bit values are divided by 256, other integer and float ranges are stretched to 0..255.
    """
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8)).convert("RGB")
    if upright.mode in {"I", "F"}:
        return _stretch(np.asarray(upright, dtype=np.float64))
    if upright.mode in PREMULTIPLIED:
        upright = upright.convert(PREMULTIPLIED[upright.mode])
    if upright.has_transparency_data:
        layered = upright.convert("RGBA")
        paper = Image.new("RGBA", layered.size, (255, 255, 255, 255))
        return Image.alpha_composite(paper, layered).convert("RGB")
    return upright if upright.mode == "RGB" else upright.convert("RGB")


def _stretch(values: NDArray[np.float64]) -> Image.Image:
    """Scales a single-channel image of wide range to 8 bit: 16-bit by its range, others by their own extremes."""
    if not np.isfinite(values).all():
        raise ImageError("the image holds values that are not finite: save it as 8-bit PNG")
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    elif low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0
    scaled = (values - low) / max(high - low, 1e-12) * 255.0
    return Image.fromarray(scaled.round().astype(np.uint8)).convert("RGB")


def list_images(folder: str | Path) -> list[Path]:
    """Lists the image files of a folder, sorted by name, without hidden files and subfolders.

    Raises:
        ImageError: The folder is missing or holds no image.
    """
    place = Path(folder)
    if not place.is_dir():
        raise ImageError(f"{place} is not a folder: name the folder with the photographs")
    files = sorted(_images_in(place.iterdir()))
    if not files:
        raise ImageError(f"{place} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))}): check the path")
    return files


def _images_in(entries: Iterable[Path]) -> list[Path]:
    return [
        entry
        for entry in entries
        if entry.suffix.lower() in IMAGE_SUFFIXES and not entry.name.startswith(".") and entry.is_file()
    ]
