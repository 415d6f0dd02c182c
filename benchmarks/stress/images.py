"""Image files of a stained part with faults of every kind: each is refused, or judged, and never passed."""

import io
import random
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from benchmarks.stress.attack import Attack
from benchmarks.stress.parts import drawn_part, open_memory
from echo_agent.context import Context
from echo_agent.errors import ImageError
from echo_agent.inspector import Inspector

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "TGA", "ICO")
MAX_SECONDS = 20.0


def _png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG that claims a size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


WHOLE = (
    b"", b"\x00" * 1000, b"\xff" * 1000, b"<svg onload='x'/>", b"GIF89a", b"%PDF-1.4", b"PK\x03\x04", b"II*\x00" * 50,
    _png(65_000, 1), _png(1, 65_000), _png(100_000, 100_000), _png(2**31 - 1, 2**31 - 1), _png(0, 0),
    _png(20_000, 20_000),    _png(4_000, 4_000, b"\x00" * 50_000_000),
)  # fmt: skip


def _changed(data: bytes, draw: random.Random) -> bytes:
    changed = bytearray(data)
    kind = draw.randrange(5)
    if kind == 0:
        return data[: draw.randrange(len(data))]
    if kind == 1:
        start = draw.randrange(len(data))
        changed[start : start + draw.randint(1, 400)] = b"\x00" * draw.randint(0, 400)
        return bytes(changed)
    reach = min(len(data), 64) if kind == 2 else len(data)
    for _ in range(draw.choice((1, 2, 8, 64))):
        changed[draw.randrange(reach)] = draw.randrange(256)
    return bytes(changed)


def run(folder: Path, attempts: int) -> Iterator[str | None]:
    """Inspects changed files of a part that the evidence rejects."""
    draw = random.Random(0)
    inspector = Inspector(open_memory(folder / "memory", create=True), context=Context(max_attempts=1))
    inspector.register("plate", [drawn_part(seed) for seed in range(10)])
    files = []
    for kind in FORMATS:
        stream = io.BytesIO()
        drawn_part(99, defect=True).save(stream, format=kind)
        files.append(stream.getvalue())
    for number in range(attempts):
        data = WHOLE[number] if number < len(WHOLE) else _changed(draw.choice(files), draw)
        yield _fault(inspector, data, number)


def _fault(inspector: Inspector, data: bytes, number: int) -> str | None:
    start = time.process_time()
    try:
        label: str = inspector.inspect(data, product="plate").label
    except ImageError:
        label = "refused"
    except Exception as error:  # noqa: BLE001 - any trace is what is looked for
        return f"image {number}: {type(error).__name__}: {error}"[:300]
    if label == "normal":
        return f"image {number} is normal"
    seconds = time.process_time() - start
    return f"image {number} took {seconds:.0f} s" if seconds > MAX_SECONDS else None


ATTACKS = (Attack("images", "mutated images of a bad part: none is normal", run, short=300, long=10_000),)
