"""What a memory's folder keeps of inspections: the newest maps, photographs and records, and what is still needed."""

import sqlite3
import threading
import time
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from echo_agent.files import UNFINISHED
from echo_agent.memory.answers import confirmed_defects
from echo_agent.memory.database import Database
from echo_agent.memory.inspections import files_that_wait, remove_oldest
from echo_agent.memory.versions import photographs

NEVER_YOUNGER = 3600.0
"""Seconds since its last use in which a file is never removed: a run may have put it aside and not come to it yet."""

WRITES_BETWEEN = 64
"""Files that are written between two looks at the folder."""


@dataclass(frozen=True)
class Limits:
    """How much a memory keeps of inspections, beside what is still needed.

    Attributes:
        inspections: Records of inspections.
        maps: Anomaly maps.
        images: Inspected photographs.
    """

    inspections: int = 1000
    maps: int = 5000
    images: int = 2000


USUAL_LIMITS = Limits()


class Retention:
    """Removes what exceeds the limits, now and then.

    Args:
        database: The memory's database.
        limits: How much is kept.
    """

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self._limits = limits
        self._written = 0
        self._lock = threading.Lock()

    def wrote(self) -> None:
        """Counts a file that was written; every ``WRITES_BETWEEN``th time the folder is tidied."""
        with self._lock:
            self._written += 1
            due = self._written % WRITES_BETWEEN == 0
        if due:
            tidy(self._database, self._limits)


def tidy(database: Database, limits: Limits) -> None:
    """Removes the oldest maps, photographs and records beyond the limits.

    Never removed are the references of products in all their versions, the confirmed defects, what an open review
    needs, and what was used within the last hour.

    Args:
        database: The memory's database.
        limits: How much is kept.

    Raises:
        StoreError: The database cannot be read: then nothing is removed.
    """
    maps, images = database.folder / "maps", database.folder / "images"
    old_maps = _used_long_ago(maps, "*.npy", limits.maps)
    old_images = _used_long_ago(images, "[!.]*", limits.images)
    if database.exists():
        with database.writing(durable=False) as connection:
            young = datetime.now(UTC) - timedelta(seconds=NEVER_YOUNGER)
            remove_oldest(connection, limits.inspections, young.isoformat(timespec="seconds"))
            if old_maps or old_images:  # else the records need not be looked through, however many there are
                needed = _needed(connection, database.folder)
                old_maps = _used_long_ago(maps, "*.npy", limits.maps, needed)
                old_images = _used_long_ago(images, "[!.]*", limits.images, needed)
    unfinished = [file for place in (maps, images) for file in _used_long_ago(place, UNFINISHED, 0)]
    for file in (*old_maps, *old_images, *unfinished):
        file.unlink(missing_ok=True)


def _needed(connection: sqlite3.Connection, folder: Path) -> set[str]:
    """Names of the photographs and maps that never go."""
    names = {Path(said.image.uri).name for said in confirmed_defects(connection, folder)}
    names |= {Path(file).name for file in photographs(connection)}
    for uri, map_id in files_that_wait(connection, folder):
        names |= {Path(uri).name, f"{map_id}.npy"}
    return names


def _used_long_ago(folder: Path, pattern: str, most: int, needed: Container[str] = frozenset()) -> list[Path]:
    """The files used longest ago and not within the last hour, beyond ``most`` that are not needed."""
    spare = [(_used(file), file) for file in folder.glob(pattern) if file.name not in needed]
    spare.sort(reverse=True)
    limit = time.time() - NEVER_YOUNGER
    return [file for used, file in spare[most:] if used < limit]


def _used(file: Path) -> float:
    """When a file was written or last stored again; now where another process has just removed it."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return time.time()
