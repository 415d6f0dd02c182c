"""Reading photographs: any common format to upright 8-bit RGB, or an error that says what is wrong."""

import io
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from echo_agent.errors import ImageError
from echo_agent.images.damage import damage_of
from echo_agent.images.depth import SIXTEEN_BITS, Depth
from echo_agent.images.heif import formats_of
from echo_agent.images.pages import split_page, turn_to_page
from echo_agent.images.policy import OWN, ImagePolicy
from echo_agent.images.sixteen_bit_colour import (
    BITS_PER_SAMPLE,
    is_sixteen_bit_colour,
    joined,
    refuse_unreadable_depth,
    swap_bytes,
)
from echo_agent.images.wide import ROWS_AT_ONCE, WideImage, on_white

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"}
)

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF", "PPM")
"""Kinds of files that are decoded; others are left alone (for EPS, Pillow would start Ghostscript on the content)."""

MAX_FILE_BYTES = 1_500_000_000
"""Larger files are not read: no more than the most pixels that are decoded, with four values of 16 bits each."""

PREMULTIPLIED = {"RGBa": "RGBA", "La": "LA"}

WIDE_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})

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

_FILTERS = threading.RLock()

Raster = Image.Image | WideImage
"""What a file holds: upright 8-bit RGB, or values of more than 8 bits."""


def load_image(path: str | Path, policy: ImagePolicy = OWN, *, depth: Depth | None = None) -> Image.Image:
    """Reads an image file: the pixels that the evidence is taken from, and that a language model is shown.

    Args:
        path: File to read; ``photo.tif#page=2`` is the second picture of a file of several.
        policy: How large it may be.
        depth: Which values are black and white in a file of more than 8 bits; what its kind of file means by them
            where not given.

    Returns:
        The image as upright 8-bit RGB: EXIF orientation is applied, more than 8 bits are scaled, transparency is laid
        over white, palettes and grey are expanded.

    Raises:
        ImageError: The file is missing, empty, cut off, damaged, no image, larger than allowed, or of several pages.
    """
    return as_rgb(read_raster(path, policy), depth)


def read_raster(path: str | Path, policy: ImagePolicy = OWN) -> Raster:
    """Reads an image file; see ``load_image``. More than 8 bits are left as they are."""
    file, page = split_page(path)
    return decode_raster(read_image_file(file), policy, name=str(file), page=page)


def read_image_file(path: str | Path) -> bytes:
    """Reads the bytes of an image file.

    Raises:
        ImageError: The file is missing or cannot be read.
    """
    file = Path(path)
    if file.is_dir():
        raise ImageError(f"{file} is a folder, not an image: name a file in it")
    try:
        found = file.stat()
        if not S_ISREG(found.st_mode):
            raise ImageError(f"{file} is no file, but a pipe or a device: name an image file")
        if found.st_size > MAX_FILE_BYTES:
            raise ImageError(
                f"{file} has {found.st_size / 1e9:.1f} GB, and no image that can be decoded has: make it smaller"
            )
        return file.read_bytes()
    except OSError as error:
        reason = (
            "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        )
        raise ImageError(f"{file} {reason}: check the path") from error


def decode_image(
    data: bytes,
    policy: ImagePolicy = OWN,
    *,
    name: str = "the image",
    depth: Depth | None = None,
) -> Image.Image:
    """Decodes the bytes of an image file; see ``load_image``.

    Args:
        data: Content of an image file.
        policy: How large it may be.
        name: How the image is called in errors.
        depth: Which values are black and white in an image of more than 8 bits.

    Returns:
        Upright 8-bit RGB image.

    Raises:
        ImageError: The bytes are no complete image, or the image is larger than allowed.
    """
    return as_rgb(decode_raster(data, policy, name=name), depth)


def decode_raster(
    data: bytes, policy: ImagePolicy = OWN, *, name: str = "the image", page: int | None = None
) -> Raster:
    """Decodes the bytes of an image file; see ``decode_image``. More than 8 bits are left as they are."""
    if not data:
        raise ImageError(f"{name} is empty (0 bytes): take the photograph again")
    with _opened(data, policy, name, page) as (image, told):
        refuse_unreadable_depth(image, name)
        declared = _declared_depth(image)
        in_two_bytes = is_sixteen_bit_colour(image)
        _load(image, told)
        wrong = damage_of(data, image.format, told)
        if wrong is not None:
            raise _damaged(name, wrong)
        if not in_two_bytes:
            raster = to_raster(image, name=name)
            return as_rgb(raster, declared) if declared is not None else raster
        with _opened(data, policy, name, page) as (again, _):
            swap_bytes(again)
            _load(again, told)
            return joined(_upright(image), _upright(again), name)


def check_file(data: bytes, policy: ImagePolicy, *, name: str) -> None:
    """Holds the bytes of an image file against a policy, by their head alone.

    Raises:
        ImageError: They are no image, larger or longer than allowed, or several pictures.
    """
    with _opened(data, policy, name, None):
        pass


def is_wide(path: str | Path) -> bool:
    """Whether a file says that it holds more than 8 bits; False where it cannot be read."""
    file, page = split_page(path)
    try:
        with _opened(read_image_file(file), OWN, str(file), page) as (image, _):
            return _declared_depth(image) is None and (
                image.mode in WIDE_MODES or is_sixteen_bit_colour(image)
            )
    except ImageError:
        return False


@contextmanager
def _opened(
    data: bytes, policy: ImagePolicy, name: str, page: int | None
) -> Iterator[tuple[Image.Image, list[warnings.WarningMessage]]]:
    """Opens the bytes of a file, turned to its page; what is wrong with them meanwhile is an error in words."""
    try:
        with _quiet() as told:
            image = Image.open(io.BytesIO(data), formats=(*FORMATS, *formats_of(data, name)))
        with image:
            _check_bounds(image, policy, name)
            with _quiet() as more:
                turn_to_page(image, page, name=name)
            _check_bounds(image, policy, name)
            yield image, [*told, *more]
    except UnidentifiedImageError as error:
        raise ImageError(f"{name} is not an image that can be read: save it as PNG or JPEG") from error
    except Image.DecompressionBombError as error:
        raise ImageError(f"{name} has too many pixels to be decoded safely: scale it down") from error
    except DAMAGED as error:
        raise _damaged(name, str(error)) from error


@contextmanager
def _quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Collects warnings. What is shown of them holds for all threads, so that one after the other may change it."""
    with _FILTERS, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield told


def _load(image: Image.Image, told: list[warnings.WarningMessage]) -> None:
    """Decodes the pixels; only the reader of TIFF warns meanwhile, so that the others may run side by side."""
    if image.format != "TIFF":
        image.load()
        return
    with _quiet() as more:
        image.load()
    told += more


def _upright(image: Image.Image) -> Image.Image:
    with _quiet():  # damaged metadata turn no image
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _damaged(name: str, why: str) -> ImageError:
    return ImageError(f"{name} is damaged or cut off ({why}): take or copy the photograph again")


def _declared_depth(image: Image.Image) -> Depth | None:
    """The depth that the file itself declares, beyond the width of its numbers; None where it does not."""
    if image.format == "PPM" and image.mode == "I":
        return SIXTEEN_BITS  # Pillow scales by the file's own highest value
    bits = getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE)
    return Depth.of_bits(12) if image.mode == "I;16" and bits == (12,) else None


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


def _check_bounds(image: Image.Image, policy: ImagePolicy, name: str) -> None:
    width, height = image.size
    check_size(width, height, policy, name=name)
    if max(width, height) > policy.max_side or max(width, height) > policy.max_aspect * min(width, height):
        raise ImageError(
            f"{name} is {width} x {height} pixels, longer than {policy.max_side:g} or than {policy.max_aspect:g} times "
            "its width: cut it into photographs"
        )


def to_raster(image: Image.Image, *, name: str = "the image") -> Raster:
    """Makes upright 8-bit RGB of any Pillow image; more than 8 bits are left as they are."""
    upright = _upright(image)
    if upright.mode in WIDE_MODES:
        return WideImage(np.asarray(upright), name=name)
    if upright.mode in PREMULTIPLIED:
        upright = upright.convert(PREMULTIPLIED[upright.mode])
    if upright.has_transparency_data:
        return _without_transparency(upright)
    return upright if upright.mode == "RGB" else upright.convert("RGB")


def _without_transparency(image: Image.Image) -> Image.Image:
    """Lays an image over white; an alpha that is the same everywhere tells of no transparency, and is left out."""
    picture = Image.new("RGB", image.size)
    strips = [
        (0, top, image.width, min(top + ROWS_AT_ONCE, image.height))
        for top in range(0, image.height, ROWS_AT_ONCE)
    ]
    extremes = {
        alpha for strip in strips for alpha in image.crop(strip).convert("RGBA").getchannel("A").getextrema()
    }
    for strip in strips:
        layered = image.crop(strip).convert("RGBA")
        picture.paste(on_white(layered) if len(extremes) > 1 else layered.convert("RGB"), strip)
    return picture


def as_rgb(raster: Raster, depth: Depth | None = None) -> Image.Image:
    """Upright 8-bit RGB of what a file holds; see ``WideImage.rgb``."""
    return raster.rgb(depth) if isinstance(raster, WideImage) else raster
