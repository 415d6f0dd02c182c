"""The files of products' versions, each held against the digest that the database keeps: none is trusted."""

import io
import struct
import threading
import zipfile
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from cachetools import LRUCache

from echo_agent.files import digest_of
from echo_agent.memory.damage import DamagedMemoryError
from echo_agent.memory.database import Database
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.versions import digests_of_files

Read = TypeVar("Read")

UNREADABLE = (
    *(OSError, ValueError, LookupError, TypeError, RuntimeError, EOFError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
"""What readers of JSON, arrays and archives raise on bytes that nobody wrote for them."""


KEPT = 1024


class VersionFiles:
    """Reads the files of products' versions.

    Args:
        database: The memory's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._checked: LRUCache[tuple[str, str], tuple[int, int, int]] = LRUCache(KEPT)
        self._caching = threading.Lock()

    def read(self, record: ProductRecord, file: Path, parse: Callable[[io.BytesIO], Read]) -> Read | None:
        """Reads a file that was written with a version; None where it was written without one of that name.

        Raises:
            FileNotFoundError: The version is no longer there: another process has replaced it.
            StoreError: The file is missing, or not what was written.
        """
        known = self.digests(record.key)
        name = file.relative_to(self._database.folder).as_posix()
        if known and name not in known:
            return None
        try:
            data = file.read_bytes()
            if known and sha256(data).hexdigest() != known[name]:
                raise ValueError("its content is not what was written")
            return parse(io.BytesIO(data))
        except UNREADABLE as error:
            if isinstance(error, FileNotFoundError) and not self._is_current(record):
                raise
            why = (
                (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
            )
            what = f"{file} of {record.name} cannot be read ({why})"
            raise DamagedMemoryError(self._database.folder, what) from error

    def check(self, record: ProductRecord, folder: Path) -> None:
        """Holds the files of a version in a folder against their digests; those that stay as they are, once.

        Raises:
            StoreError: One is missing, or not what was written.
        """
        for name, digest in self.digests(record.key).items():
            file = self._database.folder / name
            if not file.is_relative_to(folder):
                continue
            try:
                found = file.stat()
                state = (found.st_mtime_ns, found.st_size, found.st_ino)
                with self._caching:
                    known = self._checked.get((name, digest)) == state
                if not known and digest_of(file) != digest:
                    raise ValueError("its content is not what was written")
            except (OSError, ValueError) as error:
                why = (error.strerror if isinstance(error, OSError) else None) or str(error)
                what = f"{file} of {record.name} cannot be read ({why})"
                raise DamagedMemoryError(self._database.folder, what) from error
            with self._caching:
                self._checked[name, digest] = state

    def digests(self, key: str) -> dict[str, str]:
        """SHA-256 of a version's files, by path relative to the memory; empty where it is not known."""
        with self._database.reading() as connection:
            return digests_of_files(connection, self._database.folder, key)

    def _is_current(self, record: ProductRecord) -> bool:
        with self._database.reading() as connection:
            found = connection.execute("SELECT 1 FROM product WHERE key = ?", (record.key,)).fetchone()
        return found is not None
