"""The SQLite file of a memory: one transaction an act, several processes at once, a version of its schema."""

import shutil
import sqlite3
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from echo_agent.errors import StoreError
from echo_agent.memory import chain
from echo_agent.memory.damage import DamagedMemoryError

FILE_NAME = "memory.sqlite3"
COPY = "copy.json"
"""Says of a folder that it is the copy of a published memory."""

SCHEMA_VERSION = 2
APPLICATION = int.from_bytes(b"Echo")
"""Tells the file from other programs' SQLite files."""

BUSY_SECONDS = 60.0

SCHEMA = """
CREATE TABLE memory (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    encoder TEXT NOT NULL,
    encoder_name TEXT NOT NULL,
    generation INTEGER NOT NULL
);
CREATE TABLE photograph (
    sha256 TEXT PRIMARY KEY,
    file TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    embedding BLOB
);
CREATE TABLE version (
    key TEXT PRIMARY KEY,
    product TEXT NOT NULL,
    version INTEGER NOT NULL,
    card TEXT,
    record TEXT NOT NULL,
    files TEXT NOT NULL,
    UNIQUE (product, version)
);
CREATE TABLE product (
    name TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE REFERENCES version (key)
);
CREATE TABLE reference (
    key TEXT NOT NULL REFERENCES version (key) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    sha256 TEXT NOT NULL REFERENCES photograph (sha256),
    answer TEXT,
    PRIMARY KEY (key, place)
) WITHOUT ROWID;
CREATE INDEX references_of_photograph ON reference (sha256);
CREATE TABLE answer (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    product TEXT,
    sha256 TEXT NOT NULL,
    moment TEXT NOT NULL,
    learnt TEXT,
    undone TEXT,
    forgotten TEXT,
    said TEXT NOT NULL
);
CREATE INDEX answers_of_photograph ON answer (sha256);
CREATE TABLE inspection (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL,
    moment TEXT NOT NULL,
    label TEXT NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX inspections_of_photograph ON inspection (sha256, number);
"""

STRUCTURE = "SELECT type, name, tbl_name, sql FROM sqlite_master"

UNREACHABLE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
}
"""Errors of a file that may be read, but beside which nothing can be written."""


class Database:
    """The catalog, the answers and the records of a memory.

    Args:
        folder: Folder of the memory, as an absolute path.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / FILE_NAME
        self._acting = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    def exists(self) -> bool:
        """Whether the file is there and complete.

        Raises:
            StoreError: It cannot be read, or a newer version of Echo made it.
        """
        if not self.file.exists():
            return False
        with self.reading() as connection:
            return is_complete(connection)

    @property
    def is_copy(self) -> bool:
        """Whether it is the copy of a memory that is published elsewhere: it is read alone."""
        return (self.folder / COPY).exists()

    @property
    def files(self) -> list[Path]:
        """The file and those that SQLite keeps beside it."""
        return [self.file.with_name(f"{FILE_NAME}{end}") for end in ("", "-wal", "-shm")]

    def make(self) -> list[Path]:
        """Makes the file where it is missing, so that nothing stands beside it before it does; gives what was made.

        Raises:
            StoreError: It cannot be written.
        """
        if self.exists():
            return []
        with self.writing():
            pass
        return self.files

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the file, for as long as the block lasts; writers do not wait for it.

        Raises:
            StoreError: There is no file, or it cannot be read.
        """
        with self._acting, self._errors(), self._readable() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction: all that the block writes counts when it ends, or nothing. A missing file is made.

        Args:
            durable: Whether the change shall outlive a power failure, and not only the death of the process.

        Raises:
            StoreError: It cannot be written.
        """
        self.refuse_copy()
        with self._acting, self._errors():
            connection = self._kept(create=True)
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                _make_schema(connection)
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def refuse_copy(self) -> None:
        """Keeps writers off a copy.

        Raises:
            StoreError: It is one.
        """
        if self.is_copy:
            raise StoreError(
                f"{self.folder} is the copy of a published memory: change the memory itself, and publish it again"
            )

    @contextmanager
    def _readable(self) -> Iterator[sqlite3.Connection]:
        """The kept connection; one for this act where nothing can be written beside the file."""
        try:
            connection = self._kept()
        except sqlite3.Error as error:
            if _kind(error) not in UNREACHABLE:
                raise
        else:
            yield connection
            return
        log = self.file.with_name(f"{FILE_NAME}-wal")
        if not log.exists() or log.stat().st_size == 0:
            with closing(_connect(self.file, "mode=ro&immutable=1")) as connection:
                yield connection
            return
        with tempfile.TemporaryDirectory(prefix="echo-memory-") as place:
            for file in (self.file, log):
                shutil.copyfile(file, Path(place, file.name))
            with closing(_connect(Path(place, FILE_NAME), "mode=rw")) as connection:
                yield connection

    def _kept(self, *, create: bool = False) -> sqlite3.Connection:
        """The connection that stays open, to the file that is there now."""
        if self._connection is not None and self._opened == self._identity():
            return self._connection
        self.close()
        connection = _connect(self.file, "mode=rwc" if create else "mode=rw")
        if create:
            connection.execute("PRAGMA journal_mode = WAL")
        self._connection, self._opened = connection, self._identity()
        weakref.finalize(self, connection.close)
        return connection

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def close(self) -> None:
        """Closes the file; it is opened again when it is needed."""
        with self._acting:
            if self._connection is not None:
                self._connection.close()
            self._connection = self._opened = None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Says what SQLite and the system report in a sentence, with the remedy."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _told(self, error: sqlite3.Error) -> StoreError:
        kind = _kind(error)
        if kind in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return StoreError(f"another process has been writing to {self.folder} for a minute: try again")
        if self.file.is_dir():
            return DamagedMemoryError(self.folder, f"{self.file} is a folder, where the database should be")
        if kind == sqlite3.SQLITE_CANTOPEN and not self.file.exists():
            return StoreError(
                f"{self.folder} holds no memory that can be opened ({error}): check the folder and its rights"
            )
        if kind == sqlite3.SQLITE_FULL:
            return StoreError(f"{self.file} cannot be written ({error}): free some space")
        if kind in UNREACHABLE:
            return StoreError(
                f"{self.file} cannot be written or read ({error}): check the rights of the folder"
            )
        return DamagedMemoryError(self.folder, f"{self.file} is damaged ({error})")


def has_banks(folder: Path) -> bool:
    """Whether banks of products lie in a folder, which then is that of a memory."""
    return any(folder.glob("products/*/resolution-0.npz"))


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    """Opens a file and reads its version, which is when SQLite first looks into it."""
    connection = sqlite3.connect(
        f"{file.as_uri()}?{mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.text_factory = _text
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        version = _version(connection)
        (application,) = connection.execute("PRAGMA application_id").fetchone()
    except BaseException:
        connection.close()
        raise
    if version > SCHEMA_VERSION or (version and application != APPLICATION):
        connection.close()
        if application != APPLICATION and has_banks(file.parent):
            raise DamagedMemoryError(file.parent, f"{file} is not the database of the products beside it")
        raise StoreError(
            f"{file} has format {version}, this Echo reads up to format {SCHEMA_VERSION}: use the newer Echo"
            if application == APPLICATION
            else f"{file} is no memory of Echo: move it away, or name another folder by --memory"
        )
    return connection


def _text(data: bytes) -> str:
    """A text of the file; what of it is no UTF-8 costs itself, not the rows beside it."""
    return data.decode("utf-8", "replace")


def is_complete(connection: sqlite3.Connection) -> bool:
    """Whether the file has its tables."""
    return bool(_version(connection))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _make_schema(connection: sqlite3.Connection) -> None:
    """Makes the tables that the file lacks: all of a new one, the chain of one of format 1."""
    version = _version(connection)
    if version == SCHEMA_VERSION:
        return
    for statement in [*(SCHEMA.split(";") if version == 0 else ()), chain.TABLE]:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def built_by_echo(connection: sqlite3.Connection) -> bool:
    """Whether a file holds tables of this schema alone: no view, no trigger and no column that computes."""
    with closing(sqlite3.connect(":memory:")) as own:
        _make_schema(own)
        known = set(own.execute(STRUCTURE))
    return set(connection.execute(STRUCTURE)) <= known


def _kind(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where it gave none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
