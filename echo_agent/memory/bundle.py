"""A product as one file, to carry to another machine: references, banks, card, people's answers and records."""

import re
import shutil
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from echo_agent.errors import EncoderError, ProductError, StoreError
from echo_agent.files import UNFINISHED, digest_of, make_durable, replacing
from echo_agent.json_text import parse_json
from echo_agent.memory.catalog import Catalog, existing, named, read_catalog
from echo_agent.memory.chain import add_link, let_go
from echo_agent.memory.database import FILE_NAME, Database, built_by_echo
from echo_agent.memory.provenance import echo_version
from echo_agent.state import Value

SUFFIX = ".echo"
MANIFEST = "bundle.json"
CONFIDENCE = "confidence"
"""Folder of a memory in which calibrations of language models lie."""

SAFE = re.compile(r"(images|products|knowledge|confidence)(/[\w.+ -]*[\w+-][\w.+ -]*)+|memory\.sqlite3")
"""Names that a file of a bundle may have; none leads out of the memory's folder."""

DIGEST = re.compile(r"[0-9a-f]{64}")

OF_ANOTHER = "DELETE FROM inspection WHERE json_extract(record, '$.verdict.evidence.product') IS NOT ?"

TABLES = {
    "photograph": ("sha256", "file", "width", "height", "embedding"),
    "version": ("key", "product", "version", "card", "record", "files"),
    "reference": ("key", "place", "sha256", "answer"),
    "product": ("name", "key"),
    "answer": ("id", "product", "sha256", "moment", "learnt", "undone", "forgotten", "said"),
    "inspection": ("id", "sha256", "moment", "label", "record"),
}
"""What is taken over, in an order in which nothing refers to what comes later."""

ORDERS = dict.fromkeys(TABLES, "rowid") | {"reference": "key, place"}

Rows = dict[str, list[tuple[object, ...]]]
"""Rows of a database by table, in the columns of ``TABLES``."""


class Manifest(Value):
    """What a bundle holds.

    Attributes:
        product: The product.
        version: Version of its memory.
        encoder: Id of the encoder that its features come from.
        encoder_name: The name by which that is loaded.
        echo: Version of Echo that wrote it.
        created: Time in ISO 8601, UTC.
        records: Inspections in it.
        files: SHA-256 of each file by its name.
    """

    product: str
    version: int
    encoder: str
    encoder_name: str
    echo: str
    created: str
    records: int
    files: dict[str, str]


def write_bundle(database: Database, product: str, file: Path, *, records: bool = True) -> Manifest:
    """Writes the current version of a product into one file.

    Args:
        database: The memory's database.
        product: The product.
        file: The file, which takes the place of one that is there.
        records: Whether its inspections go along, with those of their photographs that are still there.

    Raises:
        ProductError: The product is unknown.
        StoreError: A file of it is gone or damaged, or the bundle cannot be written.
    """
    existing(database)
    with tempfile.TemporaryDirectory(prefix="echo-bundle-") as place:
        part = Path(place, FILE_NAME)
        with closing(sqlite3.connect(part)) as connection, database.reading() as whole:
            whole.backup(connection)
        catalog = _catalog_of(part)  # of the copy: the product may change meanwhile
        record = named(product, catalog.records)
        kept, photographs = _cut_out(part, database.folder, record.name, record.key, records=records)
        files = {FILE_NAME: part}
        files |= {name: database.folder / name for name in kept}
        files |= {f"images/{digest}{source.suffix}": source for digest, source in photographs.items()}
        for folder in (database.folder / record.folder, database.folder / CONFIDENCE):
            files |= _below(folder, database.folder)
        if record.card is not None:
            files |= _below((database.folder / record.card).parent, database.folder)
        try:
            with closing(sqlite3.connect(part)) as connection:
                (count,) = connection.execute("SELECT COUNT(*) FROM inspection").fetchone()
            manifest = Manifest(
                product=record.name,
                version=record.version,
                encoder=catalog.encoder,
                encoder_name=catalog.encoder_name,
                echo=echo_version(),
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                records=count,
                files={name: digest_of(source) for name, source in sorted(files.items())},
            )
            with replacing(file) as stream, zipfile.ZipFile(stream, "w") as archive:
                archive.writestr(MANIFEST, manifest.model_dump_json(indent=1))
                for name in manifest.files:
                    archive.write(files[name], name)
        except OSError as error:
            raise StoreError(
                f"the bundle {file} cannot be written ({error.filename or file}: {error.strerror}): "
                "check the place, and that the memory is whole"
            ) from error
    return manifest


def _catalog_of(part: Path) -> Catalog:
    copy = Database(part.parent)
    try:
        return existing(copy)
    finally:
        copy.close()


def _cut_out(
    part: Path, folder: Path, product: str, key: str, *, records: bool
) -> tuple[set[str], dict[str, Path]]:
    """Leaves one product in a copy of a memory's database; gives the kept files and photographs from elsewhere."""
    with closing(sqlite3.connect(part, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN")
        connection.execute("DELETE FROM product WHERE key != ?", (key,))
        connection.execute("DELETE FROM version WHERE key != ?", (key,))
        connection.execute("DELETE FROM photograph WHERE sha256 NOT IN (SELECT sha256 FROM reference)")
        connection.execute("DELETE FROM answer WHERE product IS NOT ?", (product,))
        connection.execute(OF_ANOTHER if records else "DELETE FROM inspection WHERE ? = ?1", (product,))
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'chain'").fetchone():
            let_go(connection, answers=None)
        connection.execute("COMMIT")
        connection.execute("VACUUM")
        files = {file for (file,) in connection.execute("SELECT file FROM photograph").fetchall()}
        shown = connection.execute(
            "SELECT sha256, json_extract(said, '$.image.uri') FROM answer "
            "UNION SELECT sha256, json_extract(record, '$.image.uri') FROM inspection"
        ).fetchall()
    elsewhere: dict[str, Path] = {}
    for digest, uri in shown:
        inside = next(folder.glob(f"images/{digest}.*"), None)
        if inside is not None:
            files.add(inside.relative_to(folder).as_posix())
        elif (source := Path(uri)).is_file() and digest_of(source) == digest:
            elsewhere[digest] = source
    return files, elsewhere


def _below(folder: Path, memory: Path) -> dict[str, Path]:
    found = (file for file in folder.rglob("*") if file.is_file() and not file.match(UNFINISHED))
    return {file.relative_to(memory).as_posix(): file for file in found}


def read_bundle(file: Path, folder: Path) -> Manifest:
    """Puts the product of a bundle into a memory, which is made where there is none.

    Args:
        file: What ``write_bundle`` wrote.
        folder: Folder of the memory.

    Raises:
        StoreError: The file is no bundle or damaged, or the memory cannot be written.
        ProductError: The memory has a product of that name.
        EncoderError: The memory was made with another encoder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"), tempfile.TemporaryDirectory(dir=folder, prefix=".bundle-") as place:
        manifest = _unpacked(file, Path(place))
        database, part = Database(folder), Database(Path(place))
        known = read_catalog(database)
        if known is not None and known.encoder != manifest.encoder:
            raise EncoderError(
                f"the memory in {folder} was made with the encoder {known.encoder}, {manifest.product} with "
                f"{manifest.encoder}: unbundle it into a new folder"
            )
        if known is not None and manifest.product in known.products:
            raise ProductError(
                f"{manifest.product} is registered in {folder} already: remove it first (echo-agent products remove), "
                "or unbundle into another folder"
            )
        rows = _rows(part, manifest)
        part.close()
        try:
            for name in manifest.files.keys() - {FILE_NAME}:
                _move(Path(place, name), folder / name)
        except OSError as error:
            raise StoreError(
                f"{folder} cannot be written ({error.strerror}): free space or rights"
            ) from error
        _take_over(rows, database, manifest)
    return manifest


def _unpacked(file: Path, place: Path) -> Manifest:
    """Unpacks a bundle, each file held against its digest and its name."""
    if not file.is_file():
        raise StoreError(f"there is no file {file}: name what echo-agent bundle PRODUCT wrote")
    try:
        with zipfile.ZipFile(file) as archive:
            held = archive.infolist()
            if any(one.compress_type != zipfile.ZIP_STORED for one in held) or (
                sum(one.file_size for one in held) > file.stat().st_size
            ):
                raise StoreError(f"{file} is compressed, which no bundle is: it is not from Echo")
            manifest = Manifest.model_validate(parse_json(archive.read(MANIFEST).decode()))
            for name, digest in manifest.files.items():
                if SAFE.fullmatch(name) is None:
                    raise StoreError(
                        f"{file} names the file {name[:80]!r}, which no bundle holds: it is not from Echo"
                    )
                target = place / name
                target.parent.mkdir(parents=True, exist_ok=True)
                found = sha256()
                with archive.open(name) as source, target.open("wb") as copy:
                    while block := source.read(1 << 20):
                        found.update(block)
                        copy.write(block)
                if found.hexdigest() != digest:
                    raise StoreError(f"{file} is damaged ({name} is not what was written): copy it again")
    except (OSError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile, NotImplementedError) as error:
        raise StoreError(
            f"{file} cannot be read as a bundle ({type(error).__name__}): echo-agent bundle PRODUCT writes one"
        ) from error
    return manifest


def _move(source: Path, target: Path) -> None:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(source, target)
        make_durable(target)


def _rows(part: Database, manifest: Manifest) -> Rows:
    """The rows of the bundle's database, none of which leads out of the memory's folder."""
    with part.reading() as source:
        if not built_by_echo(source):
            raise StoreError("the bundle's database is not built as Echo builds one: it is not from Echo")
        rows = {
            table: source.execute(
                f"SELECT {', '.join(columns)} FROM {table} ORDER BY {ORDERS[table]}"
            ).fetchall()
            for table, columns in TABLES.items()
        }
    digests = (
        row[columns.index("sha256")]
        for table, columns in TABLES.items()
        if "sha256" in columns
        for row in rows[table]
    )
    if any(DIGEST.fullmatch(str(digest)) is None for digest in digests):
        raise StoreError("the bundle names photographs by what is no digest: it is not from Echo")
    paths = [str(row[1]) for row in rows["photograph"]]
    for row in rows["version"]:
        try:
            paths.append(f"{parse_json(str(row[4]))['folder']}/x")
        except (ValueError, TypeError, KeyError) as error:
            raise StoreError("the bundle holds a version that cannot be read: it is not from Echo") from error
        paths += [str(row[3])] if row[3] else []
    if any(SAFE.fullmatch(path) is None for path in paths):
        raise StoreError("the bundle names files outside of the memory: it is not from Echo")
    return rows


def _take_over(rows: Rows, database: Database, manifest: Manifest) -> None:
    """Writes the bundle's rows into a memory's database, as one change of its catalog."""
    with database.writing() as connection:
        connection.execute(
            "INSERT INTO memory (one, encoder, encoder_name, generation) VALUES (1, ?, ?, 0) ON CONFLICT DO NOTHING",
            (manifest.encoder, manifest.encoder_name),
        )
        connection.execute("UPDATE memory SET generation = generation + 1")
        for table, columns in TABLES.items():
            marks = ", ".join("?" * len(columns))
            for row in rows[table]:
                done = connection.execute(
                    f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING", row
                )
                if done.rowcount and table in {"answer", "inspection"}:
                    add_link(connection, "answer" if table == "answer" else "inspection", str(row[0]))
                    if table == "answer" and row[columns.index("undone")] is not None:
                        add_link(connection, "taken back", str(row[0]))
