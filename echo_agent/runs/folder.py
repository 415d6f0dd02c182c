"""The folder of a run: settings, counts, and one line a photograph; a run that was killed goes on in it."""

import os
import platform
import threading
import uuid
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from echo_agent import __version__
from echo_agent.decision.standards import Standards
from echo_agent.errors import RunError
from echo_agent.files import digest_of, replacing
from echo_agent.names import readable
from echo_agent.runs.line import Line
from echo_agent.runs.photograph import Photograph
from echo_agent.runs.record import (
    RUN,
    VERDICTS,
    WORST_FIRST,
    RunRecord,
    RunSettings,
    Session,
    cut_unfinished,
    differences,
    now,
    read_fields,
    read_record,
    worst,
)
from echo_agent.state import Label

LOCK = ".lock"
STANDS_ON = ("langgraph", "chromadb", "torch", "onnxruntime", "numpy", "pillow")


class RunFolder:
    """A run that is being written. One process writes a run at a time.

    Args:
        folder: Its folder; made where there is none.
        settings: Its settings.
        standards: By what its parts are judged, by product.

    Raises:
        RunError: Another process writes it, it was made with other settings, or it cannot be read or written.
    """

    def __init__(
        self, folder: Path, settings: RunSettings, standards: dict[str, Standards] | None = None
    ) -> None:
        self.folder = folder
        self.counts: Counter[str] = Counter()
        self.unreadable = 0
        self._parts: dict[str, Label] = {}
        self._known: dict[str, list[tuple[int | None, int | None, str | None]]] = {}
        self._contents: dict[tuple[int, str], set[tuple[str, int | None]]] = {}
        self._sizes: set[int] = set()
        self._knowing = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / LOCK)
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise RunError(
                f"{folder} is being written by another process: wait for it, or choose another --out"
            ) from error
        except OSError as error:
            raise _unwritable(folder, error) from error
        try:
            self.record = self._begun(settings, standards or {})
            self._file = (folder / VERDICTS).open("ab")
            self.save()
        except OSError as error:
            self._lock.release()
            raise _unwritable(folder, error) from error
        except RunError:
            self._lock.release()
            raise

    def _begun(self, settings: RunSettings, standards: dict[str, Standards]) -> RunRecord:
        """Reads what is there; a last line that a kill cut off is taken away."""
        session = Session(started=now(), versions=_versions(), standards=standards)
        if not (self.folder / RUN).exists():
            if (self.folder / VERDICTS).exists():
                raise RunError(f"{self.folder} holds {VERDICTS} but no {RUN}: choose another --out")
            return RunRecord(id=uuid.uuid4().hex, settings=settings, sessions=(session,))
        record = read_record(self.folder)
        differing = differences(record.settings, settings)
        if differing:
            raise RunError(
                f"the run in {self.folder} was made with other settings: {'; '.join(differing)}. Give the same, or "
                "choose another --out"
            )
        cut_unfinished(self.folder / VERDICTS)
        for line in read_fields(self.folder):
            self._count(line["label"], line["part"], line["error"])
            self._know(line["image"], line["size"], line["modified"], line["sha256"])
        return record.model_copy(update={"sessions": (*record.sessions, session)})

    def __len__(self) -> int:
        """How many photographs it holds."""
        return self.counts.total()

    @property
    def parts(self) -> Counter[str]:
        """Parts by label, each with its worst view."""
        return Counter(self._parts.values())

    def knows(self, photograph: Photograph) -> bool:
        """Whether the run has a line of a photograph.

        It does where the file has been inspected as it is now, under its name or under one that is gone since: then it
        was renamed. A file that was replaced by another photograph is a new one.
        """
        name = readable(str(photograph.path))
        with self._knowing:
            known = list(self._known.get(name, ()))
            alike = photograph.size in self._sizes
        if any((photograph.size, photograph.modified) == (size, modified) for size, modified, _ in known):
            return True
        if photograph.size is None or not alike:
            return False
        try:
            digest = digest_of(photograph.path)
        except OSError:
            return False
        with self._knowing:
            alikes = set(self._contents.get((photograph.size, digest), ()))
        renamed = (other for other, modified in alikes if modified == photograph.modified)
        if name in {other for other, _ in alikes} or any(not os.path.lexists(other) for other in renamed):
            self._know(name, photograph.size, photograph.modified, digest)
            return True
        return False

    def add(self, line: Line) -> None:
        """Appends a line; it is in the file when this returns, and outlives this process.

        Raises:
            RunError: It cannot be written.
        """
        try:
            self._file.write(line.to_json().encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        self._count(line.verdict.label, line.part, line.error)
        self._know(line.image, line.size, line.modified, line.sha256)

    def save(self, told: dict[str, Any] | None = None) -> None:
        """Writes ``run.json`` with the counts so far, and with what observers tell."""
        self.record = self.record.model_copy(
            update={
                "updated": now(),
                "photographs": len(self),
                "unreadable": self.unreadable,
                "labels": {label: self.counts[label] for label in WORST_FIRST},
                "parts": {label: self.parts[label] for label in WORST_FIRST},
                "told": self.record.told | (told or {}),
            }
        )
        with replacing(self.folder / RUN) as stream:
            stream.write(self.record.model_dump_json(indent=2).encode())

    def close(self) -> None:
        """Writes the counts, and lets another process go on."""
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            self.save()
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        finally:
            self._lock.release()

    def _count(self, label: Label, part: str, error: str | None) -> None:
        self.counts[label] += 1
        self.unreadable += error is not None
        self._parts[part] = worst((label, self._parts.get(part, label)))

    def _know(self, image: str, size: int | None, modified: int | None, digest: str | None) -> None:
        with self._knowing:
            self._known.setdefault(image, []).append((size, modified, digest))
            if size is not None and digest is not None:
                self._sizes.add(size)
                self._contents.setdefault((size, digest), set()).add((image, modified))


def _versions() -> dict[str, str]:
    installed = {package: version(package) for package in STANDS_ON}
    return {"echo-agent": __version__, "python": platform.python_version(), **installed}


def _unwritable(folder: Path, error: OSError) -> RunError:
    return RunError(f"{folder} cannot be written ({error.strerror}): make room, or choose another --out")
