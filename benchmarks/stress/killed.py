"""Writers that are killed at random: the memory is as before or as after, never between."""

import random
import shutil
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.stress.attack import Attack
from benchmarks.stress.parts import open_memory
from benchmarks.stress.writers import (
    ACTS,
    PROCESSES,
    State,
    after_death,
    copied,
    in_process,
    start,
    state_after,
)

SEED = 0


def kill(folder: Path, attempts: int) -> Iterator[str | None]:
    """Kills a writer at a moment of its act that is drawn by chance, in a copy of the same memory each time."""
    in_process(start, folder)
    began = folder / "start"
    before = in_process(state_after, began, None)
    after: dict[str, State] = {}
    seconds: dict[str, float] = {}
    for act in ACTS:
        place = copied(began, f"whole-{act}")
        clock = time.perf_counter()
        after[act] = in_process(state_after, place, act)
        seconds[act] = time.perf_counter() - clock
        shutil.rmtree(place.parent)
    drawn = random.Random(SEED)
    for number in range(attempts):
        act = [*ACTS][number % len(ACTS)]
        place = copied(began, f"killed-{number}")
        waited = drawn.uniform(0, seconds[act])
        _killed(place, act, waited)
        found = in_process(after_death, place, [before, after[act]])
        yield None if found is None else f"{act} killed after {waited:.3f} s: {found}"
        shutil.rmtree(place.parent)


def _killed(memory: Path, act: str, seconds: float) -> None:
    """Begins an act in a process of its own, and kills that after some seconds."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_act, args=(theirs, memory, act))
    process.start()
    theirs.close()
    ours.recv()
    process.join(seconds)
    process.kill()
    process.join()


def _act(ready: Connection, memory: Path, act: str) -> None:
    opened = open_memory(memory)
    ready.send("begins")
    ACTS[act](opened)


ATTACKS = (Attack("kill", "kill -9 at random while a memory is written", kill, short=4, long=200),)
