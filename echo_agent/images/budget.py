"""Images on their way into a language model: reduced to a pixel budget, and as data URLs."""

import base64
import io
import math

from PIL import Image


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
