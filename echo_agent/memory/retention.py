"""What a memory's folder keeps of inspections: the newest maps, photographs and records, and what is still needed."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from echo_agent.files import UNFINISHED
from echo_agent.memory.answers import confirmed_defects
from echo_agent.memory.database import Database
from echo_agent.memory.inspections import remove_oldest, waiting
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
        StoreError: The database or one of its entries cannot be read: then nothing is removed.
    """
    folder = database.folder
    images: set[str] = set()
    maps: set[str] = set()
    if database.exists():
        with database.writing(durable=False) as connection:
            open_reviews = waiting(connection, folder)
            needed = [said.image for said in confirmed_defects(connection, folder)]
            needed += [record.image for record in open_reviews]
            images = {Path(image.uri).name for image in needed}
            images |= {Path(file).name for file in photographs(connection)}
            maps = {f"{record.verdict.map_id}.npy" for record in open_reviews}
            young = datetime.now(UTC) - timedelta(seconds=NEVER_YOUNGER)
            remove_oldest(connection, limits.inspections, young.isoformat(timespec="seconds"))
    _remove_oldest((folder / "maps").glob("*.npy"), limits.maps, maps)
    _remove_oldest((folder / "images").glob("[!.]*"), limits.images, images)
    for place in ("maps", "images"):
        _remove_oldest((folder / place).glob(UNFINISHED), 0, set())


def _remove_oldest(files: Iterable[Path], most: int, needed: set[str]) -> None:
    """Removes the files used longest ago until ``most`` are left that are not needed."""
    spare = [(_used(file), file) for file in files if file.name not in needed]
    spare.sort(reverse=True)
    limit = time.time() - NEVER_YOUNGER
    for used, file in spare[most:]:
        if used < limit:
            file.unlink(missing_ok=True)


def _used(file: Path) -> float:
    """When a file was written or last stored again; now where another process has just removed it."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return time.time()
