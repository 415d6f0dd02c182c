"""Thousands of different photographs through one inspector, one page and one service: their memory stays as it is."""

import ctypes
import gc
import itertools
import resource
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.stress.attack import Attack
from benchmarks.stress.parts import drawn_part, open_memory
from echo_agent.inspector import Inspector
from echo_agent.state.notation import percent
from echo_agent.ui.controller import MAX_TABS, Controller

WARM = 500
"""Photographs before the first measurement at most, and at most a third of all."""

GROWTH = 0.05
"""Growth of the resident memory that is allowed behind them, as a share."""

Look = Callable[[Image.Image, Path], object]


def resident() -> int:
    """Bytes that the process holds, without what its allocator could give back; on Linux."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _looked_at(look: Look, folder: Path, attempts: int) -> Iterator[str | None]:
    warm = min(WARM, attempts // 3)
    parts = [np.asarray(drawn_part(seed, defect=seed % 2 == 1), dtype=np.int16) for seed in range(8)]
    before = 0
    for number in range(attempts):
        noise = np.random.default_rng(number).integers(-2, 3, parts[0].shape, dtype=np.int16)
        part = Image.fromarray(np.clip(parts[number % 8] + noise, 0, 255).astype(np.uint8))
        look(part.crop((0, 0, part.width - number % 9, part.height - number % 7)), folder / "part.png")
        if number == warm:
            before = resident()
        grown = resident() / before - 1 if number == attempts - 1 else 0.0
        more = f"{attempts - warm} photographs behind the first {warm} let the memory grow by {percent(grown, 1)}"
        yield more if grown >= GROWTH else None


def _inspector(folder: Path) -> Inspector:
    inspector = Inspector(open_memory(folder / "memory", create=True))
    inspector.register("plate", [drawn_part(seed) for seed in range(6)])
    return inspector


def inspector(folder: Path, attempts: int) -> Iterator[str | None]:
    """Inspects from Python."""
    made = _inspector(folder)
    yield from _looked_at(lambda part, _: made.inspect(np.asarray(part), product="plate"), folder, attempts)


def page(folder: Path, attempts: int) -> Iterator[str | None]:
    """Inspects and asks as the page does, in new tabs until as many are kept as it keeps, then each tenth time."""
    most = min(MAX_TABS, attempts // 6)
    controller = Controller(_inspector(folder), most_tabs=most)
    tab, number = "", itertools.count()

    def look(part: Image.Image, file: Path) -> None:
        nonlocal tab
        part.save(file)
        if (looks := next(number)) <= most or looks % 10 == 0:
            tab = uuid.uuid4().hex
        image, verdict = controller.inspect(tab, str(file), "plate")
        controller.ask(tab, "Where is it?", "plate")
        controller.picture(image, verdict, 0.8)

    yield from _looked_at(look, folder, attempts)


def service(folder: Path, attempts: int) -> Iterator[str | None]:
    """Inspects as the service does."""
    from echo_agent.serve.service import Service

    made = Service(_inspector(folder))

    def look(part: Image.Image, file: Path) -> None:
        part.save(file)
        made.inspect(file.read_bytes(), "plate", None, None)

    yield from _looked_at(look, folder, attempts)


ATTACKS = (
    Attack("flat-inspector", "different photographs through one inspector", inspector, short=150, long=5000),
    Attack("flat-page", "different photographs and questions through one page", page, short=60, long=5000),
    Attack("flat-service", "different photographs through one service", service, short=150, long=5000),
)
