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
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, data) for kind, data in parts)


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


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_16_bits(values: np.ndarray, *, level: int = 6) -> bytes:
    """A PNG of 16 bits a channel, which Pillow cannot write in colour: ``(height, width[, 2, 3 or 4])``, uint16."""
    height, width = values.shape[:2]
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[values.shape[2] if values.ndim == 3 else 1]
    rows = np.ascontiguousarray(values.astype(">u2")).view(np.uint8).reshape(height, -1)
    content = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(content, level)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, data) for kind, data in parts)


def tiff_of(values: np.ndarray, *, photometric: int, planes: bool = False, order: str = "<") -> bytes:
    """An uncompressed TIFF, with what Pillow cannot write: 16 bits a channel, plane by plane, white as zero."""
    height, width = values.shape[:2]
    channels = values.shape[2] if values.ndim == 3 else 1
    bits = values.dtype.itemsize * 8
    content = values.transpose(2, 0, 1) if planes else values
    data = content.astype(values.dtype.newbyteorder(order)).tobytes()
    strips = channels if planes else 1
    tags: dict[int, tuple[int, ...]] = {
        256: (width,),
        257: (height,),
        258: (bits,) * channels,
        259: (1,),
        262: (photometric,),
        273: tuple(8 + strip * (len(data) // strips) for strip in range(strips)),
        277: (channels,),
        278: (height,),
        279: (len(data) // strips,) * strips,
        284: (2 if planes else 1,),
    }
    if channels == 4:
        tags[338] = (2,)
    start = 8 + len(data)
    extra_at = start + 2 + 12 * len(tags) + 4
    entries, extra = b"", b""
    for tag, numbers in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(numbers)}I", *numbers)
        if len(packed) > 4:
            entries += struct.pack(f"{order}HHII", tag, 4, len(numbers), extra_at + len(extra))
            extra += packed
        else:
            entries += struct.pack(f"{order}HHI", tag, 4, len(numbers)) + packed
    head = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, start)
    return head + data + struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + extra
