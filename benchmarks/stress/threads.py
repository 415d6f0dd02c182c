"""Many threads on one inspector, while a writer changes the memory: each verdict is that of a single run."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.stress.attack import Attack
from benchmarks.stress.parts import drawn_part, open_memory
from benchmarks.stress.writers import register_another, start
from echo_agent.inspector import Inspector
from echo_agent.state import Verdict

THREADS = 8
PARTS = 50
"""Different photographs, every third of them with a defect."""


def threads(folder: Path, attempts: int) -> Iterator[str | None]:
    """Eight threads inspect the same photographs again and again, while a product comes and goes beside them."""
    place = start(folder)
    parts = [drawn_part(100 + number, defect=number % 3 == 0) for number in range(PARTS)]
    single = [_told(Inspector(open_memory(place)).inspect(part, product="plate")) for part in parts]
    inspector = Inspector(open_memory(place))
    done = threading.Event()

    def changes() -> None:
        memory = open_memory(place)
        while not done.wait(0.5):
            register_another(memory)
            memory.remove("disc")

    def inspects(number: int) -> str | None:
        which = (number * 7) % PARTS
        try:
            found = _told(inspector.inspect(parts[which], product="plate"))
        except Exception as error:  # noqa: BLE001 - whatever is raised is what was looked for
            return f"{type(error).__name__}: {error}"
        return None if found == single[which] else f"{found} instead of {single[which]}"

    with ThreadPoolExecutor(THREADS + 1) as pool:
        writer = pool.submit(changes)
        try:
            yield from pool.map(inspects, range(attempts))
        finally:
            done.set()
        writer.result()


def _told(verdict: Verdict) -> tuple[str, float | None, int]:
    return verdict.label, verdict.score, len(verdict.regions)


ATTACKS = (
    Attack("threads", "eight threads beside a writer, against single runs", threads, short=80, long=2000),
)
