"""Files that are written whole or not at all, and where what cannot be written goes."""

import atexit
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

UNFINISHED = ".*.unfinished"
"""Names of what a killed process left half-written."""


@contextmanager
def replacing(file: Path, *, durable: bool = False) -> Iterator[BinaryIO]:
    """Opens a new file that takes the place of ``file`` in one step, when its content is complete.

    Whoever reads meanwhile or comes after a crash sees the old file or the new one. What fails half-way is removed.

    Args:
        file: The file to write; its folder must be there.
        durable: Whether the content shall be on the disk before it takes the place, so that it outlives a power
            failure: that takes some milliseconds.

    Yields:
        The new file, open for writing bytes.

    Raises:
        OSError: It cannot be written.
    """
    fresh = file.with_name(f".{uuid.uuid4().hex}.unfinished")
    try:
        with fresh.open("xb") as stream:
            yield stream
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        fresh.replace(file)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def digest_of(file: Path) -> str:
    """SHA-256 of a file's bytes, in hex.

    Raises:
        OSError: It cannot be read.
    """
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_text(file: Path, max_bytes: int) -> str:
    """Text of a file in UTF-8, with or without a byte order mark.

    Raises:
        OSError: It cannot be read, or is no file.
        ValueError: It is larger than ``max_bytes``, or no UTF-8.
    """
    if file.exists() and not file.is_file():
        raise ValueError("it is no file")
    with file.open("rb") as stream:
        data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ValueError(f"it has more than {max_bytes / 2**20:g} MiB")
    return data.decode("utf-8-sig")


def make_durable(file: Path) -> None:
    """Returns when a file's content is on the disk, and outlives a power failure.

    Raises:
        OSError: It cannot be written.
    """
    with file.open("r+b") as stream:
        os.fsync(stream.fileno())


def writable(folder: Path, *, never: bool = False) -> Path:
    """The folder, or an empty one of this process where nothing can or shall be written; that one goes at the end."""
    if not never and (not folder.is_dir() or os.access(folder, os.W_OK)):
        return folder
    scratch = Path(tempfile.mkdtemp(prefix="echo-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    return scratch
