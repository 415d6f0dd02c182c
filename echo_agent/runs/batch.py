"""A batch: photographs through an engine into a run's folder, drawn and written beside the comparing."""

import signal
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from echo_agent.errors import RunError
from echo_agent.names import readable
from echo_agent.runs.engine import Batches, Engine
from echo_agent.runs.folder import RunFolder
from echo_agent.runs.line import Line
from echo_agent.runs.photograph import PartIds, Photograph
from echo_agent.runs.record import now, read_lines
from echo_agent.runs.station import Inspected, Station
from echo_agent.vision.side_by_side import side_by_side

MAX_UNWRITTEN = 32
"""Inspections that wait to be drawn and written; more would fill the memory."""

SAVED_EVERY = 2.0
"""Seconds between two writings of the counts."""

TOGETHER = 16
"""Photographs that are encoded together."""

FIRST_TOGETHER = 2
"""The first of them: nothing else can be done meanwhile."""


@dataclass(frozen=True)
class Left:
    """A photograph that came to no verdict, and why: the run has no line of it, and tries again when it goes on."""

    photograph: Photograph
    error: str


class Observer(Protocol):
    """Sees each line of a run once it is written; after a restart first those that were written before."""

    name: str

    def saw(self, line: Line) -> None:
        """Takes a line; it is in the run's folder already."""

    def told(self) -> Any:
        """What ``run.json`` shall hold under the observer's name; None for nothing."""

    def close(self) -> None:
        """Ends: no further line comes."""


def inspect_batch(
    run: RunFolder,
    station: Station,
    engine: Engine,
    batches: Batches,
    *,
    observers: Sequence[Observer] = (),
    stop: threading.Event | None = None,
) -> Iterator[Line | Left]:
    """Inspects photographs and writes a line for each.

    Args:
        run: The run, open.
        station: What draws the pictures.
        engine: What inspects.
        batches: The photographs; those that the run knows must be left out.
        observers: Who sees each line.
        stop: Ends it after the photograph that is being inspected.

    Yields:
        The lines, each after it was written, and what was left.

    Raises:
        RunError: The run cannot be written.
    """
    parts = PartIds(run.record.settings.part_id)
    writer = _Writer(run, station, parts, observers)
    if observers and len(run):
        for line in read_lines(run.folder):
            for observer in observers:
                observer.saw(line)
    unwritten: deque[Future[Line | Left]] = deque()
    with ThreadPoolExecutor(1, "writing") as thread:
        try:
            for inspected in engine.inspect(batches, stop or threading.Event()):
                unwritten.append(thread.submit(writer.write, inspected))
                while unwritten and (unwritten[0].done() or len(unwritten) > MAX_UNWRITTEN):
                    yield unwritten.popleft().result()
        finally:
            # Also when an inspection raises or the caller leaves: what was decided is written.
            thread.shutdown(wait=True)
        while unwritten:
            yield unwritten.popleft().result()
    for observer in observers:
        observer.close()
    run.save({observer.name: told for observer in observers if (told := observer.told()) is not None})


class _Writer:
    """Draws and writes inspections, one after the other."""

    def __init__(
        self, run: RunFolder, station: Station, parts: PartIds, observers: Sequence[Observer]
    ) -> None:
        self._run = run
        self._station = station
        self._parts = parts
        self._observers = observers
        self._saved = time.monotonic()

    def write(self, inspected: Inspected) -> Line | Left:
        photograph, image = inspected.photograph, inspected.image
        if inspected.verdict is None:
            return Left(photograph, inspected.error or "")
        (drawn,) = side_by_side([partial(self._station.draw, inspected)])
        name = _picture_name(photograph.path)
        line = Line(
            number=len(self._run) + 1,
            image=readable(str(photograph.path)),
            part=readable(self._parts.of(photograph)),
            when=now(),
            sha256=image.sha256 if image is not None else None,
            size=photograph.size,
            modified=photograph.modified,
            width=image.width if image is not None else None,
            height=image.height if image is not None else None,
            photograph=self._keep("photographs", name, drawn.photograph if drawn is not None else None),
            map=self._keep("maps", name, drawn.map if drawn is not None else None),
            error=inspected.error,
            verdict=inspected.verdict,
        )
        self._run.add(line)
        for observer in self._observers:
            observer.saw(line)
        if time.monotonic() > self._saved + SAVED_EVERY:
            self._saved = time.monotonic()
            self._run.save()
        return line

    def _keep(self, kind: str, name: str, picture: bytes | None) -> str | None:
        if picture is None:
            return None
        place = self._run.folder / kind
        try:
            place.mkdir(exist_ok=True)
            (place / name).write_bytes(picture)
        except OSError as error:
            raise RunError(
                f"{place} cannot be written ({error.strerror}): make room, or choose another --out"
            ) from error
        return f"{kind}/{name}"


def _picture_name(path: Path) -> str:
    """A name for a photograph's pictures: its own, and a digest that tells photographs of two folders apart."""
    return f"{readable(path.stem)}-{sha256(readable(str(path)).encode()).hexdigest()[:8]}.jpg"


def in_batches(
    photographs: Iterable[Photograph], run: RunFolder, size: int = TOGETHER
) -> Iterator[list[Photograph]]:
    """Puts together what a run does not know yet, each photograph once; few at first, so that work soon begins."""
    batch: list[Photograph] = []
    wanted = min(size, FIRST_TOGETHER)
    taken: set[Path] = set()
    for photograph in photographs:
        if photograph.path in taken or run.knows(photograph):
            continue
        taken.add(photograph.path)
        batch.append(photograph)
        if len(batch) == wanted:
            yield batch
            batch, wanted = [], min(size, 2 * wanted)
    if batch:
        yield batch


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """Yields an event that Ctrl-C and SIGTERM set; a second one ends the program at once."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def told(number: int, _: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    for number in before:
        signal.signal(number, told)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
