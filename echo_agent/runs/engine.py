"""Engines: what decodes, encodes and compares the photographs of a run, here or elsewhere."""

import os
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context, parent_process
from multiprocessing.context import BaseContext
from typing import Protocol

from echo_agent.errors import EchoError, RunError
from echo_agent.runs.photograph import Photograph
from echo_agent.runs.record import RunSettings
from echo_agent.runs.station import Inspected, Opened, Station

Batches = Iterable[Sequence[Photograph]]
"""Photographs that are inspected together; an empty batch says that none has come, and lets what is done be told."""


class Engine(Protocol):
    """Inspects batches of photographs as they come."""

    def inspect(self, batches: Batches, stop: threading.Event) -> Iterator[Inspected]:
        """Yields each photograph's inspection as soon as it is decided, until ``stop`` is set."""


class Here:
    """Inspects in this process: while one batch is compared, the next one is decoded and encoded.

    Args:
        station: What inspects.
    """

    def __init__(self, station: Station) -> None:
        self._station = station

    def inspect(self, batches: Batches, stop: threading.Event) -> Iterator[Inspected]:
        """See ``Engine.inspect``."""
        coming = iter(batches)

        def encode_next() -> list[Opened] | None:
            batch = next(coming, None)
            if batch is None:
                return None
            opened = self._station.decode(batch)
            self._station.encode(opened)
            return opened

        with ThreadPoolExecutor(1, "encoding") as reader:
            ahead = reader.submit(encode_next)
            while (opened := ahead.result()) is not None and not stop.is_set():
                ahead = reader.submit(encode_next)
                for inspected in self._station.inspect(opened):
                    yield inspected
                    if stop.is_set():
                        break


class Workers:
    """Inspects in several processes of this machine, each with an encoder of its own.

    Args:
        settings: The run's settings, by which each opens its memory.
        count: How many.
    """

    def __init__(self, settings: RunSettings, count: int) -> None:
        self._settings = settings
        self._count = count

    def inspect(self, batches: Batches, stop: threading.Event) -> Iterator[Inspected]:
        """See ``Engine.inspect``.

        Raises:
            RunError: A worker died.
            EchoError: A worker cannot open the memory.
        """
        threads = max(1, (os.cpu_count() or 1) // self._count)
        waiting: set[Future[list[Inspected]]] = set()
        given = (self._settings, threads, dict(os.environ))
        with ProcessPoolExecutor(self._count, _beginning(), initializer=_begin, initargs=given) as pool:
            try:
                for batch in batches:
                    if batch:
                        waiting.add(pool.submit(_inspect, batch))
                    pause = None if len(waiting) > 2 * self._count else 0
                    done, waiting = wait(waiting, pause, FIRST_COMPLETED)
                    for one in done:
                        yield from one.result()
                    if stop.is_set():
                        break
                for one in waiting:
                    if not stop.is_set() or one.running() or one.done() or not one.cancel():
                        yield from one.result()
            except BrokenProcessPool as error:
                raise RunError(
                    "a worker died, most likely for lack of memory: give the same command again with fewer --workers, "
                    "it goes on where it stopped"
                ) from error


IMPORTED_ONCE = [
    "echo_agent.runs.station",
    "echo_agent.vision.efficientnet",
    "echo_agent.vision.dinov2_small",
]
"""Modules whose import takes a worker seconds; they start no thread, so that they may be forked."""

_STATION: list[Station | EchoError] = []
"""The station of this worker process, or why it could not be opened."""


def _beginning() -> BaseContext:
    """How workers begin: on Linux as forks of a process that has imported what they need once, for all of them."""
    if sys.platform != "linux":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(IMPORTED_ONCE)
    return context


def _begin(settings: RunSettings, threads: int, environment: dict[str, str]) -> None:
    import signal

    import torch

    os.environ.clear()  # that of the process that imported is of its own beginning
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started it ends it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(threads)
    try:
        _STATION[:] = [Station.open(settings)]
    except EchoError as error:
        _STATION[:] = [error]


def _end_with_parent() -> None:
    """Ends this worker when the process that started it was killed: it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _inspect(batch: Sequence[Photograph]) -> list[Inspected]:
    station = _STATION[0]
    if isinstance(station, EchoError):
        raise station
    return [
        replace(inspected, drawn=station.draw(inspected))
        for inspected in station.inspect(station.decode(batch))
    ]
