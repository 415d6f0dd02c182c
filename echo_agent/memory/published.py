"""A memory published at a shared place, such as an object store, and its copy on each machine that inspects with it.

Every file lies there under its digest, and ``memory.json`` names those of the version that counts: a machine fetches
what it does not hold. The place may be anything that fsspec opens.
"""

import hashlib
import logging
import os
import re
import shutil
import sqlite3
import tempfile
import threading
import weakref
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from pydantic import ValidationError

from echo_agent.errors import EchoError, MissingExtraError, StoreError
from echo_agent.files import digest_of, replacing
from echo_agent.memory.bundle import CONFIDENCE, SAFE
from echo_agent.memory.catalog import existing
from echo_agent.memory.chain import let_go
from echo_agent.memory.damage import DamagedMemoryError
from echo_agent.memory.database import COPY, FILE_NAME, Database
from echo_agent.memory.stored_paths import from_stored
from echo_agent.memory.versions import current_versions, digests_of_files
from echo_agent.state import Value

LOG = logging.getLogger(__name__)

MANIFEST = "memory.json"

TRIES = 3
"""How often a memory is read anew that is changed while it is published."""

LOOKED_EVERY = 30.0
"""Seconds between two looks for a new version."""

URL = re.compile(r"^([a-z][a-z0-9+.-]+):/+")
"""How an address begins; one that was taken for a path has a single slash."""

EXTRAS = {"s3": ("s3fs", "s3"), "s3a": ("s3fs", "s3")}


class Published(Value):
    """What lies at the place.

    Attributes:
        encoder: Id of the encoder that the memory was made with.
        published: Time in ISO 8601, UTC.
        products: Versions by product.
        files: SHA-256 of each file by its name in the memory's folder.
    """

    encoder: str
    published: str
    products: dict[str, int]
    files: dict[str, str]


class _Held(Value):
    """What a copy's folder says of itself."""

    url: str
    published: Published | None = None


def url_of(place: str | Path) -> str | None:
    """The address that a memory is named by; None for a folder."""
    text = str(place)
    found = URL.match(text)
    if found is None:
        return None
    rest = text[found.end() :].rstrip("/")
    return f"{found[1]}:///{rest}" if found[1] in {"file", "local"} else f"{found[1]}://{rest}"


def folder_of(place: str | Path) -> Path:
    """The folder in which a memory lies here: for an address that of its copy, which may not be there yet."""
    url = url_of(place)
    if url is None:
        return Path(place).expanduser().resolve()
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (caches / "echo-agent" / "memories" / hashlib.sha256(url.encode()).hexdigest()[:16]).resolve()


def publish(database: Database, url: str) -> Published:
    """Publishes what a memory knows now, without its inspections; machines that hold a copy notice.

    Args:
        database: The memory's database.
        url: Where to, such as ``s3://bucket/plates`` or ``file:///mnt/share/plates``.

    Raises:
        StoreError: The memory cannot be read, or the place cannot be written.
        MissingExtraError: What opens such addresses is not installed.
    """
    encoder = existing(database).encoder
    opened, root = _opened(url)
    for _ in range(TRIES):
        with tempfile.TemporaryDirectory(prefix="echo-publish-") as place:
            snapshot = Path(place, FILE_NAME)
            products, files = _snapshot(database, snapshot)
            try:
                digests = {name: digest_of(file) for name, file in sorted(files.items())}
                published = Published(
                    encoder=encoder,
                    published=datetime.now(UTC).isoformat(),
                    products=products,
                    files=digests,
                )
                _send(opened, root, published, files)
                return published
            except Exception as error:  # each kind of place has faults of its own, told here in one sentence
                missing = next((file for file in files.values() if not file.is_file()), None)
                if missing is None:
                    raise StoreError(
                        f"{url} cannot be written ({_said(error)}): check the address and the rights to it"
                    ) from error
    raise DamagedMemoryError(database.folder, f"{missing} is missing, or the memory is being changed")


def _send(opened: Any, root: str, published: Published, files: Mapping[str, Path]) -> None:
    """Sends the files that are not there yet, then the manifest that names them."""
    objects = f"{root}/objects"
    opened.makedirs(objects, exist_ok=True)
    try:
        there = {found.rsplit("/", 1)[-1] for found in opened.ls(objects, detail=False)}
    except FileNotFoundError:  # an object store has no empty folders
        there = set()
    for name, digest in published.files.items():
        if digest not in there:
            opened.put_file(str(files[name]), f"{objects}/{digest}")
            there.add(digest)
    with opened.transaction, opened.open(f"{root}/{MANIFEST}", "wb") as stream:
        stream.write(published.model_dump_json(indent=1).encode())


def _snapshot(database: Database, snapshot: Path) -> tuple[dict[str, int], dict[str, Path]]:
    """Writes the database without inspections.

    Returns:
        The versions by product, and all files by name: that database, and what its current versions and answers need.

    Raises:
        StoreError: It cannot be read, or the name of a file cannot travel.
    """
    with database.reading() as whole, closing(sqlite3.connect(snapshot, isolation_level=None)) as part:
        whole.backup(part)
        part.execute("PRAGMA journal_mode = DELETE")
        part.execute("BEGIN")
        part.execute("DELETE FROM inspection")
        if part.execute("SELECT 1 FROM sqlite_master WHERE name = 'chain'").fetchone():
            let_go(part)
        part.execute("COMMIT")
        part.execute("VACUUM")
        said = [from_stored(text, database.folder) for (text,) in part.execute("SELECT said FROM answer")]
        records = current_versions(part, database.folder)
        names = {name for one in records for name in digests_of_files(part, database.folder, one.key)}
    shown = [Path(one["image"]["uri"]) for one in said]
    shown += [Path(image.uri) for record in records for image in record.references]
    files = [database.folder / name for name in names]
    files += [file for file in (database.folder / CONFIDENCE).rglob("*") if file.is_file()]
    files += [file for file in shown if file.is_file() and file.is_relative_to(database.folder)]
    found = {file.relative_to(database.folder).as_posix(): file for file in files} | {FILE_NAME: snapshot}
    bad = next((name for name in found if not SAFE.fullmatch(name)), None)
    if bad is not None:
        raise StoreError(f"{bad} in {database.folder} has a name that cannot travel: rename it")
    return {record.name: record.version for record in records}, found


class Copy:
    """A machine's copy of a published memory: processes share it, and write nothing into it but what they fit anew.

    Args:
        url: Where it is published.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.folder = folder_of(url)

    @classmethod
    def at(cls, place: str | Path) -> "Copy | None":
        """The copy that an address or a folder names; None for a memory that is none."""
        url = url_of(place) or origin(folder_of(place))
        return None if url is None else cls(url)

    def refresh(self, *, opening: bool = False) -> bool:
        """Fetches what was published since.

        Args:
            opening: Whether nothing reads the copy in this process yet.

        Returns:
            Whether there was something new.

        Raises:
            StoreError: The place cannot be read, or a file there is not what was published.
            MissingExtraError: What opens such addresses is not installed.
        """
        opened, root = _opened(self.url)
        try:
            text = opened.cat_file(f"{root}/{MANIFEST}")
            published = Published.model_validate_json(text)
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock"):
                held = _held(self.folder) or _Held(url=self.url)
                if held.published == published:
                    return False
                if not opening and held.published and held.published.encoder != published.encoder:
                    raise StoreError(
                        f"the memory at {self.url} was published with the encoder {published.encoder}: start anew"
                    )
                self._fetch(opened, root, held, published)
        except EchoError:
            raise
        except FileNotFoundError as error:
            raise StoreError(
                f"no memory is published at {self.url} ({error}): echo-agent publish {self.url} does it"
            ) from error
        except ValidationError as error:
            raise StoreError(f"{self.url}/{MANIFEST} was not written by echo-agent publish") from error
        except Exception as error:  # each kind of place has faults of its own, told here in one sentence
            raise StoreError(
                f"{self.url} cannot be read into {self.folder} ({_said(error)}): check both"
            ) from error
        return True

    def _fetch(self, opened: Any, root: str, held: _Held, published: Published) -> None:
        """Brings the copy to a version: the files first, then the database that names them."""
        before = held.published.files if held.published else {}
        self._say(held)
        for name, digest in sorted(published.files.items(), key=lambda file: file[0] == FILE_NAME):
            target = self.folder / name
            if not SAFE.fullmatch(name):
                raise StoreError(f"{self.url} names the file {name!r}, which leads out of the copy")
            if before.get(name) == digest and target.is_file():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            data = opened.cat_file(f"{root}/objects/{digest}")
            if hashlib.sha256(data).hexdigest() != digest:
                raise StoreError(f"{name} at {self.url} is not what was published: publish it again")
            with replacing(target) as stream:
                stream.write(data)
        self._say(_Held(url=self.url, published=published))
        for name in before.keys() - published.files.keys():
            (self.folder / name).unlink(missing_ok=True)
        current = {(self.folder / name).parent for name in published.files}
        for folder in {*(self.folder / "products").glob("*")} - current:
            shutil.rmtree(folder, ignore_errors=True)

    def _say(self, held: _Held) -> None:
        with replacing(self.folder / COPY) as stream:
            stream.write(held.model_dump_json().encode())

    def open(self) -> None:
        """Fetches what is missing; where the place cannot be reached, an earlier copy serves, which is told."""
        try:
            self.refresh(opening=True)
        except StoreError as error:
            held = _held(self.folder)
            if held is None or held.published is None:
                raise
            LOG.warning("%s; the copy of %s is used", error, held.published.published)

    def watch(self, memory: object) -> None:
        """Fetches what is published from now on, as long as somebody holds the memory that reads the copy."""
        ended = threading.Event()
        weakref.finalize(memory, ended.set)
        threading.Thread(target=self._watch, args=(ended,), name="memory copy", daemon=True).start()

    def _watch(self, ended: threading.Event) -> None:
        told = ""
        while not ended.wait(LOOKED_EVERY):
            try:
                if self.refresh():
                    LOG.warning("a new version of the memory at %s is taken", self.url)
                told = ""
            except StoreError as error:
                if str(error) != told:
                    LOG.warning("%s; the copy in %s is used on", error, self.folder)
                told = str(error)


def origin(folder: Path) -> str | None:
    """Where the memory in a folder was fetched from; None for one that is no copy."""
    held = _held(folder)
    return None if held is None else held.url


def _held(folder: Path) -> _Held | None:
    try:
        return _Held.model_validate_json((folder / COPY).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise StoreError(f"{folder / COPY} is damaged: delete {folder}, it is fetched again") from error


def _opened(url: str) -> tuple[Any, str]:
    """The file system of an address, and its path there."""
    import fsspec

    kind = url.partition(":")[0]
    try:
        opened, root = fsspec.core.url_to_fs(url)
        opened.invalidate_cache()
        return opened, root.rstrip("/")
    except ImportError as error:
        if kind in EXTRAS:
            raise MissingExtraError(*EXTRAS[kind]) from error
        raise StoreError(f"what opens {kind}:// is not installed ({error})") from error
    except Exception as error:  # each kind of place has faults of its own, told here in one sentence
        raise StoreError(f"{url} cannot be opened ({_said(error)}): check the address") from error


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
