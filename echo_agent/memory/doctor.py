"""What is damaged in a memory, and what is lost with it: every file held against what the database says of it."""

import io
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from echo_agent.errors import ImageError, StoreError
from echo_agent.files import UNFINISHED, digest_of
from echo_agent.images.stored import read_stored
from echo_agent.memory.answers import readable_answer
from echo_agent.memory.chain import check
from echo_agent.memory.damage import DamagedMemoryError
from echo_agent.memory.database import FILE_NAME, Database
from echo_agent.memory.domain_knowledge import FOLDER
from echo_agent.memory.former_files import ASIDE
from echo_agent.memory.inspections import WAITING, readable_inspection
from echo_agent.memory.noted_photographs import dead_stages, left_behind
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.store import FORMER_INDEX
from echo_agent.memory.version_files import UNREADABLE
from echo_agent.memory.version_record import read_version_records
from echo_agent.memory.versions import cards, current_versions, digests_of_files, is_embedding
from echo_agent.state import ImageRef, Value

ANOTHERS = (ASIDE, "images", "maps", "products", FOLDER, FORMER_INDEX)
"""Folders of a memory that are looked through by kind."""

Kind = Literal[
    "database",
    "entry",
    "record",
    "photograph",
    "row",
    "bank",
    "knowledge",
    "embedding",
    "map",
    "file",
    "leftover",
]


class Finding(Value):
    """Something that is damaged, missing or left over.

    Attributes:
        kind: What it is a part of.
        name: Which: a path relative to the memory, or an entry of the database.
        wrong: What is wrong with it, a clause.
        lost: What is lost with it; ``nothing`` where it can be made anew.
        remedy: What ``--repair`` does.
        products: The products that it concerns.
    """

    kind: Kind
    name: str
    wrong: str
    lost: str = "nothing"
    remedy: str
    products: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} {self.wrong}; lost: {self.lost}; --repair {self.remedy}."


@dataclass(frozen=True)
class _Photograph:
    image: ImageRef
    lost: str
    remedy: str
    products: tuple[str, ...] = ()
    kind: Kind = "photograph"


def examine(folder: Path) -> list[Finding]:
    """Looks through a memory.

    Args:
        folder: Its folder, as an absolute path.

    Raises:
        StoreError: There is no memory, it cannot be read now, or a newer version of Echo made it.
    """
    database = Database(folder)
    known = [found.record.name for found in read_version_records(folder)]
    if not database.file.exists() and not known:
        raise StoreError(f"{folder} holds no memory: name another folder by --memory")
    if not database.file.exists():
        return [_lost_database("is missing", tuple(known))]
    try:
        with database.reading() as connection:
            if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                raise DamagedMemoryError(folder, "its pages contradict each other")
            if connection.execute("SELECT 1 FROM memory").fetchone() is None and known:
                raise DamagedMemoryError(folder, "it holds no catalog")
            entries = list(_entries(connection, folder))
            records = _changed_records(connection, {one.name.split(" ", 1)[1] for one in entries})
            return [*entries, *records, *_files(connection, folder), *_others(connection, folder)]
    except DamagedMemoryError as error:
        return [_lost_database(f"cannot be read ({str(error).split(':', maxsplit=1)[0]})", tuple(known))]
    finally:
        database.close()


def _lost_database(wrong: str, known: tuple[str, ...]) -> Finding:
    last = f"; of {', '.join(known)} the last version is there" if known else ""
    return Finding(
        kind="database",
        name=FILE_NAME,
        wrong=wrong,
        lost=f"answers, records of inspections, settings of products and earlier versions{last}",
        remedy="puts it aside and makes the catalog anew from the files of the versions",
        products=known,
    )


def _entries(connection: sqlite3.Connection, folder: Path) -> Iterator[Finding]:
    """Answers and inspections that cannot be read."""
    for table, readable, what in (
        ("answer", readable_answer, "what a person said"),
        ("inspection", readable_inspection, "the record of an inspection"),
    ):
        column = "said" if table == "answer" else "record"
        for name, text in connection.execute(f"SELECT id, {column} FROM {table}"):
            if not readable(text, folder):
                yield Finding(
                    kind="entry",
                    name=f"{table} {name}",
                    wrong="cannot be read",
                    lost=what,
                    remedy="puts its text aside",
                )


def _changed_records(connection: sqlite3.Connection, unreadable: set[str]) -> Iterator[Finding]:
    """Records and answers that can be read, but are not what was written."""
    for told in check(connection).changed:
        if not any(name in told for name in unreadable):
            yield Finding(
                kind="record",
                name="chain of records",
                wrong=f"does not hold: {told}",
                lost="the proof of what was said then",
                remedy="leaves it to whoever answers for the records",
            )


def _files(connection: sqlite3.Connection, folder: Path) -> Iterator[Finding]:
    """Photographs, embeddings, banks and domain knowledge of the products."""
    records = current_versions(connection, folder)
    for kept in _photographs(connection, folder, records):
        try:
            read_stored(kept.image)
        except ImageError as error:
            yield Finding(
                kind=kept.kind,
                name=_below(Path(kept.image.uri), folder),
                wrong="is missing" if not Path(kept.image.uri).exists() else _why(error),
                lost=kept.lost,
                remedy=kept.remedy,
                products=kept.products,
            )
    for record in records:
        yield from _embeddings(connection, record)
        for name, digest in digests_of_files(connection, folder, record.key).items():
            wrong = _wrong(folder / name, digest)
            if wrong is None:
                continue
            if name.startswith("products/"):
                remedy = f"fits {record.name} anew from its references"
                yield Finding(kind="bank", name=name, wrong=wrong, remedy=remedy, products=(record.name,))
            else:
                yield Finding(
                    kind="knowledge",
                    name=name,
                    wrong=wrong,
                    lost=f"the domain knowledge of {record.name}: register it again by --knowledge",
                    remedy="puts it aside and makes a version without it",
                    products=(record.name,),
                )


def _photographs(
    connection: sqlite3.Connection, folder: Path, records: list[ProductRecord]
) -> Iterator[_Photograph]:
    of: dict[str, list[str]] = {}
    images: dict[str, ImageRef] = {}
    for record in records:
        for image in record.references:
            images[image.sha256] = image
            of.setdefault(image.sha256, []).append(record.name)
    for digest, names in of.items():
        lost = f"a reference of {' and '.join(names)}"
        yield _Photograph(images[digest], lost, "makes a version without it", tuple(names))
    earlier = connection.execute("SELECT sha256, file FROM photograph").fetchall()
    for digest, file in earlier:
        if digest not in of:
            of[digest] = []
            image = ImageRef(uri=str(folder / file), sha256=digest, width=1, height=1)
            lost = "a reference of earlier versions, which cannot be gone back to"
            yield _Photograph(image, lost, "forgets these versions")
    for image in _defects(connection, folder):
        if image.sha256 not in of:
            of[image.sha256] = []
            yield _Photograph(
                image, "a confirmed defect, which takes no part", "forgets what was learnt of it"
            )
    for image in _waiting(connection, folder):
        if image.sha256 not in of:
            lost = "the picture of a part that waits for a person"
            yield _Photograph(image, lost, "leaves its row as it is", kind="row")


def _defects(connection: sqlite3.Connection, folder: Path) -> list[ImageRef]:
    rows = connection.execute(
        "SELECT said FROM answer WHERE learnt = 'exemplar' AND undone IS NULL AND forgotten IS NULL"
    )
    found = (readable_answer(text, folder) for (text,) in rows.fetchall())
    return [said.image for said in found if said is not None]


def _waiting(connection: sqlite3.Connection, folder: Path) -> list[ImageRef]:
    rows = connection.execute(f"SELECT record FROM inspection WHERE {WAITING}").fetchall()
    found = (readable_inspection(text, folder) for (text,) in rows)
    return [record.image for record in found if record is not None]


def _embeddings(connection: sqlite3.Connection, record: ProductRecord) -> Iterator[Finding]:
    rows = connection.execute(
        "SELECT embedding FROM reference JOIN photograph USING (sha256) WHERE key = ?", (record.key,)
    ).fetchall()
    sizes = {len(blob) for (blob,) in rows if is_embedding(blob)}
    if len(sizes) != 1 or not all(is_embedding(blob) for (blob,) in rows):
        yield Finding(
            kind="embedding",
            name=f"embeddings of {record.name}",
            wrong="are missing or damaged",
            remedy="encodes its references anew",
            products=(record.name,),
        )


def _others(connection: sqlite3.Connection, folder: Path) -> Iterator[Finding]:
    """Maps, other stored files, and what killed writers left."""
    for file in sorted((folder / "maps").glob("*.npy")):
        try:
            np.load(io.BytesIO(file.read_bytes()))
        except UNREADABLE as error:
            yield Finding(
                kind="map",
                name=_below(file, folder),
                wrong=_why(error),
                lost="a picture",
                remedy="removes it",
            )
    for file in sorted(folder.glob("*.sqlite")):
        if not _is_sound(file):
            yield Finding(
                kind="file",
                name=file.name,
                wrong="cannot be read",
                lost="kept conversations",
                remedy="puts it aside",
            )
    for file in sorted(folder.glob("*/**/*.json")):
        if file.relative_to(folder).parts[0] in ANOTHERS:
            continue
        try:
            json.loads(file.read_bytes())
        except UNREADABLE as error:
            yield Finding(
                kind="file",
                name=_below(file, folder),
                wrong=_why(error),
                lost="what it holds, such as a fitted confidence: run echo-agent calibrate again",
                remedy="puts it aside",
            )
    for file in leftovers(connection, folder):
        yield Finding(
            kind="leftover", name=_below(file, folder), wrong="is named by nothing", remedy="removes it"
        )


def leftovers(connection: sqlite3.Connection, folder: Path) -> list[Path]:
    """What killed writers left: asked beside a writer, also what that one has not named yet."""
    named = {folder / record.folder for record in current_versions(connection, folder)}
    named |= {(folder / card).parent for card in cards(connection)}
    left = {*(folder / "products").glob("*"), *(folder / FOLDER).glob("*")} - named
    left |= {*left_behind(connection, folder), *dead_stages(folder), *folder.glob(FORMER_INDEX)}
    left |= {
        file for file in (*folder.glob(UNFINISHED), *folder.glob(f"*/{UNFINISHED}")) if not file.is_dir()
    }
    return sorted(left)


def _wrong(file: Path, digest: str) -> str | None:
    try:
        return None if digest_of(file) == digest else "is not what was written"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return _why(error)


def _why(error: BaseException) -> str:
    told = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
    return "is not what was stored" if isinstance(error, ImageError) else f"cannot be read ({told})"


def _is_sound(file: Path) -> bool:
    try:
        connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return False
    try:
        return bool(connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)])
    except sqlite3.Error:
        return False
    finally:
        connection.close()


def _below(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(file)
