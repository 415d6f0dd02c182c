"""Photographs of a registration: staged, then noted and copied, so that what a killed one left is found and goes."""

import json
import shutil
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from echo_agent.errors import StoreError

NOTES = ".photographs-*.unfinished"
"""Names of the notes; see ``files.UNFINISHED``."""

STAGES = ".staged-*.unfinished"
"""Names of the folders in which photographs wait for their version; each has a lock that dies with its process."""

LOCK = ".lock"

NAMED = """
SELECT 1 FROM photograph WHERE sha256 = ?1 UNION ALL SELECT 1 FROM inspection WHERE sha256 = ?1
UNION ALL SELECT 1 FROM answer WHERE sha256 = ?1 LIMIT 1
"""


def note(folder: Path, digests: Sequence[str]) -> Path:
    """Notes digests of photographs that a memory lacks and that are copied into it next.

    Raises:
        OSError: It cannot be written.
    """
    file = folder / NOTES.replace("*", uuid.uuid4().hex)
    file.write_text(json.dumps(list(digests)), encoding="utf-8")
    return file


def left_behind(connection: sqlite3.Connection, folder: Path) -> list[Path]:
    """Photographs that were noted, and that neither a version nor a record names."""
    noted: set[str] = set()
    for file in folder.glob(NOTES):
        try:
            noted.update(map(str, json.loads(file.read_bytes())))
        except (OSError, ValueError, TypeError):
            continue  # killed while it was noted: nothing was copied yet
    spare = (name for name in noted if name.isalnum() and not connection.execute(NAMED, (name,)).fetchone())
    return sorted(file for name in spare for file in (folder / "images").glob(f"{name}.*"))


@contextmanager
def stage(folder: Path) -> Iterator[Path]:
    """A folder of a memory for photographs that are no files yet; it goes with the block.

    Raises:
        StoreError: It cannot be made.
    """
    place = folder / STAGES.replace("*", uuid.uuid4().hex)
    lock = FileLock(place / LOCK)
    try:
        try:
            place.mkdir(parents=True)
            lock.acquire()
        except OSError as error:
            raise StoreError(
                f"{folder} cannot be written ({error.strerror}): free space or rights"
            ) from error
        yield place
    finally:
        lock.release()
        shutil.rmtree(place, ignore_errors=True)


def dead_stages(folder: Path) -> list[Path]:
    """Such folders whose process has died."""
    return sorted(
        place for place in folder.glob(STAGES) if (place / LOCK).exists() and _is_free(place / LOCK)
    )


def _is_free(file: Path) -> bool:
    try:
        with FileLock(file, timeout=0):
            return True
    except (OSError, Timeout):
        return False
