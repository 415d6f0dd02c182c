"""Writers that die, or find the disk full, at each single write: writes are counted, and one of them is the last."""

import errno
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.stress.attack import Attack
from benchmarks.stress.parts import open_memory
from benchmarks.stress.writers import ACTS, PROCESSES, after_death, copied, in_process, start, state_after
from echo_agent.errors import EchoError
from echo_agent.memory import database
from echo_agent.memory.doctor import examine

CHANGES = {"os.rename", "os.mkdir", "os.truncate", "os.link"}
REMOVES = {"os.remove", "os.rmdir", "shutil.rmtree"}
"""Events of Python's audit hooks that change a folder; to remove needs no space."""


class Writes:
    """Counts what this process writes below a folder: files opened, renamed and removed, and SQLite's statements.

    The files' side fails on purpose, in this layer; SQLite is real: where the disk shall be full it gets no more pages.

    Args:
        folder: The folder.
        last: The number of the write before which something happens; 0 to count alone.
        full: Whether the disk is full from there on; else the process dies.
    """

    def __init__(self, folder: Path, last: int, *, full: bool) -> None:
        self.count = 0
        self._folder = str(folder)
        self._last = last
        self._full = full
        sys.addaudithook(self._seen)
        connect = database._connect

        def counted(file: Path, mode: str) -> sqlite3.Connection:
            connection = connect(file, mode)
            if full and last and self.count >= last:
                pages = connection.execute("PRAGMA page_count").fetchone()[0]
                connection.execute(f"PRAGMA max_page_count = {pages}")
            connection.set_trace_callback(self._statement)
            return connection

        database._connect = counted

    def _statement(self, statement: str) -> None:
        if not statement.startswith(("SELECT", "PRAGMA", "BEGIN")):
            self._wrote(fails=False)

    def _seen(self, event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            if given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and str(given[0]).startswith(self._folder):
                self._wrote()
        elif event in CHANGES | REMOVES and str(given[0]).startswith(self._folder):
            self._wrote(fails=event in CHANGES)

    def _wrote(self, *, fails: bool = True) -> None:
        self.count += 1
        if not self._last or self.count < self._last:
            return
        if not self._full:
            os.kill(os.getpid(), signal.SIGKILL)
        if fails:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def counted(folder: Path, act: str) -> int:
    """How many writes an act takes."""
    memory = open_memory(folder)
    writes = Writes(folder, 0, full=False)
    ACTS[act](memory)
    return writes.count


def dies(folder: Path, act: str, last: int) -> None:
    """Begins an act that dies before a write."""
    memory = open_memory(folder)
    Writes(folder, last, full=False)
    ACTS[act](memory)


def runs_full(folder: Path, act: str, last: int) -> str | None:
    """Tries an act on a disk that is full from a write on; gives what is wrong with how it fails."""
    try:
        memory = open_memory(folder)
        Writes(folder, last, full=True)
        if last == 1:
            memory._database.close()
        ACTS[act](memory)
    except EchoError as error:
        return None if "\n" not in str(error) else f"no one sentence: {error}"
    except BaseException as error:  # noqa: BLE001 - whatever else is raised is a trace that a user would see
        return f"{type(error).__name__}: {error}"
    return None


def leftovers(folder: Path, began: Path, act: str) -> str | None:
    """What a failed act left: of a registration no photograph either."""
    left = [str(one) for one in examine(folder)]
    if act.startswith("register"):
        named = {image.sha256 for record in open_memory(folder).products() for image in record.references}
        photographs = {file.name for file in (folder / "images").iterdir() if file.stem not in named}
        left += sorted(photographs - {file.name for file in (began / "images").iterdir()})
    return f"left behind: {left[0]}" if left else None


def crash(folder: Path, attempts: int) -> Iterator[str | None]:
    """Lets every act die before each of its writes; spread over all where fewer are wanted."""
    for began, act, last, allowed in _points(folder, attempts):
        place = copied(began, f"{act}-{last}")
        process = PROCESSES.Process(target=dies, args=(place, act, last))
        process.start()
        process.join()
        found = in_process(after_death, place, allowed)
        if process.exitcode != -signal.SIGKILL:
            found = f"it ended with {process.exitcode} instead of being killed"
        yield None if found is None else f"{act} dead before write {last}: {found}"
        shutil.rmtree(place.parent)


def full(folder: Path, attempts: int) -> Iterator[str | None]:
    """Lets the disk be full from each write of every act on."""
    for began, act, last, allowed in _points(folder, attempts):
        place = copied(began, f"{act}-{last}")
        found = in_process(runs_full, place, act, last) or in_process(leftovers, place, began, act)
        found = found or in_process(after_death, place, allowed)
        yield None if found is None else f"{act} full at write {last}: {found}"
        shutil.rmtree(place.parent)


def _points(folder: Path, attempts: int) -> Iterator[tuple[Path, str, int, list[Any]]]:
    """The writes of all acts: the memory that they begin with, the act, the write, and the states that may follow."""
    in_process(start, folder)
    began = folder / "start"
    before = in_process(state_after, began, None)
    points: list[tuple[str, int]] = []
    allowed = {}
    for act in ACTS:
        points += [
            (act, last) for last in range(1, in_process(counted, copied(began, f"count-{act}"), act) + 1)
        ]
        allowed[act] = [before, in_process(state_after, copied(began, f"whole-{act}"), act)]
    step = max(1, len(points) // attempts)
    for act, last in points[::step]:
        yield began, act, last, allowed[act]


ATTACKS = (
    Attack("crash", "every act dies before each of its writes", crash, short=8, long=10_000),
    Attack("full", "the disk is full from each write of every act on", full, short=8, long=10_000),
)
