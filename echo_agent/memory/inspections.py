"""Records of inspections, and which of them wait for a person."""

import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from echo_agent.memory.answers import Feedback, answers, now
from echo_agent.memory.chain import ChainReport, add_link, check, let_go
from echo_agent.memory.damage import DamagedMemoryError
from echo_agent.memory.database import Database
from echo_agent.memory.provenance import Provenance
from echo_agent.memory.stored_paths import from_stored, to_stored
from echo_agent.memory.unreadable import kept_image, unreadable_verdict
from echo_agent.state import ImageRef, Verdict

LAST_OF_PHOTOGRAPH = (
    "number = (SELECT MAX(number) FROM inspection AS other WHERE other.sha256 = inspection.sha256)"
)
WAITING = f"""
label = 'review' AND {LAST_OF_PHOTOGRAPH} AND NOT EXISTS (
    SELECT 1 FROM answer
    WHERE answer.sha256 = inspection.sha256 AND answer.undone IS NULL AND answer.moment >= inspection.moment
)
"""
ROWS = "SELECT id, sha256, moment, record FROM inspection"


class InspectionRecord(BaseModel):
    """One inspection.

    Attributes:
        id: Its name; names sort by time.
        when: Time in ISO 8601.
        image: The photograph.
        name: What the photograph is called by those who took it: its file, or a part number.
        verdict: What Echo said.
        made: What it was made with; None in records from before this was noted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    when: str
    image: ImageRef
    name: str | None = None
    verdict: Verdict
    made: Provenance | None = None

    @property
    def called(self) -> str:
        """What the photograph is called in lists: its name, else the beginning of its digest."""
        return self.name or f"photograph {self.image.sha256[:12]}"


class Inspections:
    """The inspections of a memory.

    Args:
        database: The memory's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, image: ImageRef, verdict: Verdict, name: str | None = None, made: Provenance | None = None
    ) -> InspectionRecord:
        """Keeps an inspection.

        Args:
            image: The photograph.
            verdict: What Echo said.
            name: What the photograph is called by those who took it.
            made: What it was made with.

        Raises:
            StoreError: The memory cannot be written.
        """
        with self._database.writing(durable=False) as connection:
            when = now()  # not before: another writer may have been waited for
            stamp = when[:19].replace(":", "").replace("-", "")
            before = connection.execute("SELECT id FROM inspection ORDER BY number DESC LIMIT 1").fetchone()
            number = _number_within_second(before[0], stamp) if before else 0
            record = InspectionRecord(
                id=f"{stamp}-{number:04d}-{uuid.uuid4().hex[:8]}",
                when=when,
                image=image,
                name=name,
                verdict=verdict,
                made=made,
            )
            add_inspection(connection, self._database.folder, record)
        return record

    def newest(self, most: int | None = None, product: str | None = None) -> list[InspectionRecord]:
        """The inspections, newest first, of one product where it is named; ``most`` of them where it is given.

        One that cannot be read says so, and is of no product.
        """
        if not self._database.exists():
            return []
        with self._database.reading() as connection:
            parsed = _parsed(connection.execute(f"{ROWS} ORDER BY number DESC"), self._database.folder)
            return list(islice((one for one in parsed if product in {None, one.verdict.product}), most))

    def answered(
        self, most: int | None = None, product: str | None = None
    ) -> list[tuple[InspectionRecord, Feedback | None]]:
        """The inspections, newest first, each with what a person said last of that photograph.

        Args:
            most: How many; all where not given.
            product: Only those of this product.
        """
        kept = self.newest(most, product)
        if not kept:
            return []
        with self._database.reading() as connection:
            said = answers(connection, self._database.folder)
        last = {one.image.sha256: one for one in said if one.undone is None}
        return [(record, last.get(record.image.sha256)) for record in kept]

    def find(self, name: str) -> InspectionRecord | None:
        """The inspection of that id, or the newest one of the photograph with that SHA-256; None without one.

        Raises:
            StoreError: The record cannot be read.
        """
        if not self._database.exists():
            return None
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT id, record FROM inspection WHERE id = ?1 OR sha256 = ?1 ORDER BY number DESC LIMIT 1",
                (name,),
            ).fetchone()
        if row is None:
            return None
        folder = self._database.folder
        read = readable_inspection(row[1], folder)
        if read is None:
            raise DamagedMemoryError(
                folder, f"the record of the inspection {row[0]} in {folder} cannot be read"
            )
        return read

    def check(self) -> ChainReport:
        """Holds all records and answers against the chain that they were written into."""
        if not self._database.exists():
            return ChainReport()
        with self._database.reading() as connection:
            return check(connection)

    def waiting(self) -> list[InspectionRecord]:
        """The inspections that wait for a person, oldest first.

        Of each photograph the last inspection counts. It waits where its verdict is ``review`` and nobody has said
        since what the part is; an answer that is taken back lets it wait again.
        """
        if not self._database.exists():
            return []
        with self._database.reading() as connection:
            rows = connection.execute(f"{ROWS} WHERE {WAITING} ORDER BY number").fetchall()
        return list(_parsed(rows, self._database.folder))

    def count_waiting(self) -> int:
        """How many inspections wait for a person; none of them is read."""
        if not self._database.exists():
            return 0
        with self._database.reading() as connection:
            return int(connection.execute(f"SELECT COUNT(*) FROM inspection WHERE {WAITING}").fetchone()[0])


def _number_within_second(before: str, stamp: str) -> int:
    """The number in the name behind that of the inspection before: counted within a second, that names sort."""
    second, *rest = before.split("-")
    return int(rest[0]) + 1 if second == stamp and rest[0].isdigit() else 0


def add_inspection(connection: sqlite3.Connection, folder: Path, record: InspectionRecord) -> None:
    """Writes a record behind the others."""
    connection.execute(
        "INSERT INTO inspection (id, sha256, moment, label, record) VALUES (?, ?, ?, ?, ?)",
        (record.id, record.image.sha256, record.when, record.verdict.label, to_stored(record, folder)),
    )
    add_link(connection, "inspection", record.id)


def files_that_wait(connection: sqlite3.Connection, folder: Path) -> list[tuple[str, str | None]]:
    """Path of the photograph and name of the map of each inspection that waits, without the rest of the record."""
    found = connection.execute(
        f"SELECT sha256, {_extract('$.image.uri')}, "
        f"COALESCE({_extract('$.verdict.evidence.map_id')}, {_extract('$.verdict.map_id')}) "
        f"FROM inspection WHERE {WAITING}"
    ).fetchall()
    return [(kept_image(digest, folder).uri if uri is None else uri, map_id) for digest, uri, map_id in found]


def _extract(path: str) -> str:
    """SQL of a field of a record; NULL where that is no JSON."""
    return f"CASE WHEN typeof(record) = 'text' AND json_valid(record) THEN json_extract(record, '{path}') END"


def remove_oldest(connection: sqlite3.Connection, most: int, before: str) -> None:
    """Removes the oldest records beyond a number; not those that wait, and none that is newer than a time."""
    oldest = connection.execute("SELECT moment FROM inspection ORDER BY number LIMIT 1").fetchone()
    if oldest is None or oldest[0] >= before:
        return
    removed = connection.execute(
        f"""
        DELETE FROM inspection WHERE number IN (
            SELECT number FROM inspection WHERE NOT ({WAITING}) ORDER BY number DESC LIMIT -1 OFFSET ?
        ) AND moment < ?
        """,
        (most, before),
    )
    if removed.rowcount:
        let_go(connection)


def _parsed(rows: Iterable[tuple[str, str, str, str]], folder: Path) -> Iterator[InspectionRecord]:
    """Records as their texts tell them, each that cannot be read with a verdict that says so."""
    for name, digest, when, text in rows:
        yield readable_inspection(text, folder) or InspectionRecord(
            id=name, when=when, image=kept_image(digest, folder), verdict=unreadable_verdict(name, folder)
        )


def readable_inspection(text: str, folder: Path) -> InspectionRecord | None:
    """A record as its text tells it; None where it cannot be read."""
    try:
        return InspectionRecord.model_validate(from_stored(text, folder))
    except (ValueError, TypeError):
        return None
