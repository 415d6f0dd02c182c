"""Photographs in many formats, whole and broken, and a second kind of part."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageDraw


def another_part(seed: int, *, size: tuple[int, int] = (192, 144)) -> Image.Image:
    """Draws a dark part with bright stripes on a bright ground: unlike ``synthetic_part``."""
    generator = np.random.default_rng(seed)
    width, height = size
    noise = generator.normal(0, 4, (height, width, 1))
    picture = Image.fromarray(np.clip(np.array([238, 230, 180]) + noise, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    shift = int(generator.integers(-2, 3))
    draw.ellipse((30 + shift, 10, width - 30 + shift, height - 10), fill=(30, 40, 90))
    for x in range(60, width - 60, 24):
        draw.line((x + shift, 30, x + shift, height - 30), fill=(220, 60, 40), width=6)
    return picture


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    """The bytes of an image file."""
    stream = io.BytesIO()
    image.save(stream, format=kind, **options)
    return stream.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"")), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def turned_by_exif(image: Image.Image, orientation: int) -> bytes:
    """A JPEG that says how it has to be turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image, "JPEG", exif=exif, quality=95)


def stained(image: Image.Image) -> Image.Image:
    """The part with a red stain at x 80 to 112, y 32 to 56."""
    marked = image.copy()
    ImageDraw.Draw(marked).rectangle((80, 32, 112, 56), fill=(230, 20, 20))
    return marked
