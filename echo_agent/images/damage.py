"""Signs of damaged or cut content that Pillow's readers pass over."""

import io
import re
import warnings
from collections.abc import Iterator, Sequence

import simplejpeg
from PIL import Image

PADDING = 16
"""Bytes before the end of a JPEG that some cameras put there; they are not of the picture."""

HOLE = 32
"""Zero bytes in a row that are a hole."""

_SEQUENTIAL = {0xC0, 0xC1}
_HUFFMAN_TABLES, _START_OF_SCAN = 0xC4, 0xDA
_END_OF_BLOCK = 0x00
_COUNTS = 17
"""Bytes before the symbols of a Huffman table."""

_EXTRANEOUS_AT_END = re.compile(r"(\d+) extraneous bytes before marker 0xd9")


def damage_of(data: bytes, kind: str | None, told: Sequence[warnings.WarningMessage]) -> str | None:
    """Tells what is wrong with an image file that was decoded without an error; None where nothing is.

    A JPEG is grey where its data ended early or cannot be, and libjpeg only warns of it. Pillow does not check the
    sums of a PNG's picture data. A TIFF whose tags are cut describes another picture.

    Args:
        data: Content of the file.
        kind: Its format by Pillow's name.
        told: Pillow's warnings while it was read.
    """
    if kind in {"JPEG", "MPO"}:
        return _of_jpeg(data)
    if kind == "PNG":
        return _of_png(data)
    words = [str(warning.message) for warning in told]
    return next((text for text in words if re.search(r"truncated|corrupt", text, re.IGNORECASE)), None)


def _of_jpeg(data: bytes) -> str | None:
    try:
        simplejpeg.decode_jpeg(data, colorspace="GRAY", strict=True, min_height=1, min_width=1, min_factor=8)
    except ValueError as error:
        text = str(error)
        padding = _EXTRANEOUS_AT_END.search(text)
        if "orrupt" in text or "remature" in text:
            return None if padding and int(padding[1]) <= PADDING else text
    return "its picture has a hole of zeros" if _has_hole(data) else None


def _has_hole(data: bytes) -> bool:
    """Whether zeros stand in a sequential JPEG's picture data where no encoder writes them.

    libjpeg reads zeros as further coefficients, and may end at the right place by chance. In a row of zero bytes each
    code is its table's first: where that is not the end of a block, every coefficient of a row of blocks would be -1.
    """
    position, first_codes, sequential = 2, set(), False
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        segment = data[position + 4 : position + 2 + length]
        if marker in _SEQUENTIAL:
            sequential = True
        elif marker == _HUFFMAN_TABLES:
            first_codes |= set(_first_ac_codes(segment))
        elif marker == _START_OF_SCAN:
            hole = data.find(bytes(HOLE), position)
            return sequential and first_codes != {_END_OF_BLOCK} and 0 <= hole < data.rfind(b"\xff\xd9")
        position += 2 + length
    return False


def _first_ac_codes(tables: bytes) -> Iterator[int]:
    """The symbol of the code of zeros alone, of each AC table of a segment."""
    while len(tables) > _COUNTS:
        symbols = sum(tables[1:_COUNTS])
        if tables[0] >> 4 == 1:
            yield tables[_COUNTS]
        tables = tables[_COUNTS + symbols :]


def _of_png(data: bytes) -> str | None:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as probe:
            probe.verify()
    except (OSError, SyntaxError, EOFError) as error:
        return str(error)
    return None
