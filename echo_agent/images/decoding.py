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
from echo_agent.settings import process_settings

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

ImageLike = str | Path | Image.Image | NDArray[np.generic] | bytes


def load_image(path: str | Path) -> Image.Image:
    """Reads an image file.

    Args:
        path: File to read.

    Returns:
        The image as upright 8-bit RGB: EXIF orientation is applied, 16-bit and float images are scaled to 8 bit,
        transparency is laid over white, palettes and grey are expanded.

    Raises:
        ImageError: The file is missing, empty, truncated, no image, or larger than the process allows.
    """
    return decode_image(read_image_file(path), name=str(path))


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


def decode_image(data: bytes, *, name: str = "the image") -> Image.Image:
    """Decodes the bytes of an image file; see ``load_image``.

    Args:
        data: Content of an image file.
        name: How the image is called in errors.

    Returns:
        Upright 8-bit RGB image.

    Raises:
        ImageError: The bytes are no complete image, or the image is larger than the process allows.
    """
    if not data:
        raise ImageError(f"{name} is empty (0 bytes): take the photograph again")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata, and of sizes that are checked below
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                check_size(*image.size, name=name)
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


def check_size(width: int, height: int, *, name: str) -> None:
    """Refuses images that are larger than the process allows.

    Raises:
        ImageError: There are more than ``ECHO_MAX_IMAGE_MEGAPIXELS``.
    """
    limit = process_settings().max_image_megapixels
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


def image_from_pillow(image: Image.Image) -> Image.Image:
    """Makes an upright 8-bit RGB image from any Pillow image.

    Raises:
        ImageError: It is empty, too large, of a mode that has no RGB, or its file is damaged.
    """
    if 0 in image.size:
        raise ImageError(
            f"an image of {image.width} x {image.height} pixels cannot be judged: give a photograph"
        )
    check_size(*image.size, name="the given image")
    try:
        return to_rgb(image)
    except DAMAGED as error:
        raise ImageError(f"the given image cannot be read ({error}): save it as PNG or JPEG") from error


def image_from_array(array: NDArray[np.generic]) -> Image.Image:
    """Makes an RGB image from an array.

    Args:
        array: ``(height, width)``, ``(height, width, 1)``, ``(height, width, 3)`` or ``(height, width, 4)``;
            uint8, uint16, bool or float (floats in 0..1).

    Returns:
        Upright 8-bit RGB image.

    Raises:
        ImageError: The shape or the type is none of these, or values are not finite.
    """
    values = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if values.size == 0 or values.ndim not in {2, 3} or (values.ndim == 3 and values.shape[2] not in {3, 4}):
        raise ImageError(f"an array of shape {array.shape} is no image: give (height, width[, 1, 3 or 4])")
    check_size(values.shape[1], values.shape[0], name="the given array")
    if values.dtype == np.uint16:
        values = values.astype(np.uint16) >> 8
    elif values.dtype == np.bool_:
        values = values.astype(np.uint8) * 255
    elif np.issubdtype(values.dtype, np.floating):
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
            raise ImageError("a float array is read as 0..1, but holds other values: scale it or give uint8")
        values = (values * 255).round()
    elif values.dtype != np.uint8:
        raise ImageError(f"an array of type {array.dtype} is no image: give uint8, uint16 or float in 0..1")
    return to_rgb(Image.fromarray(np.ascontiguousarray(values.astype(np.uint8))))


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
