"""Pictures on their way into a language model: upright RGB, reduced to a pixel budget."""

import base64
import binascii
import io
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from echo_agent.errors import ImageError
from echo_agent.settings import process_settings


def _to_rgb(image: Image.Image) -> Image.Image:
    """Returns 8-bit RGB; 16-bit and floating-point greys keep their brightness, alpha lies on white."""
    if image.mode.startswith("I") or image.mode == "F":
        grey = np.asarray(image, dtype=np.float64)
        top = (
            65535.0
            if image.mode != "F" and grey.max(initial=0.0) > 255
            else max(grey.max(initial=0.0), 255.0)
        )
        return Image.fromarray(np.clip(grey / top * 255.0, 0, 255).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(paper, layer).convert("RGB")
    return image.convert("RGB")


def _decode(stream: io.BytesIO | Path, name: str) -> Image.Image:
    limit = process_settings().max_image_megapixels
    try:
        with Image.open(stream) as image:
            if image.width * image.height > limit * 1e6:
                raise ImageError(
                    f"{name} is {image.width} x {image.height}: larger than {limit:g} megapixels"
                )
            return _to_rgb(ImageOps.exif_transpose(image))
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageError(f"{name} cannot be read as an image: {error}") from error


def read_path(path: str | Path) -> Image.Image:
    """Reads an image file as upright RGB.

    Raises:
        ImageError: The file is missing, no image, or larger than ``Settings.max_image_megapixels``.
    """
    return _decode(Path(path), str(path))


def read_base64(data: str) -> Image.Image:
    """Reads a base64-encoded image as upright RGB.

    Raises:
        ImageError: The text is no base64, or its bytes are no image.
    """
    try:
        content = base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ImageError(f"an image in a message is not base64: {error}") from error
    return _decode(io.BytesIO(content), "an image in a message")


def within_budget(image: Image.Image, max_pixels: int) -> Image.Image:
    """Reduces an image to at most ``max_pixels`` pixels, its aspect ratio kept; smaller ones stay."""
    pixels = image.width * image.height
    if pixels <= max_pixels:
        return image
    scale = math.sqrt(max_pixels / pixels)
    size = (max(1, int(image.width * scale)), max(1, int(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def as_data_url(image: Image.Image) -> str:
    """Encodes an image as a PNG data URL, as OpenAI-compatible servers take it."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
