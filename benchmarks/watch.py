"""Whether each photograph that arrives is inspected once: ``python -m benchmarks.watch``.

Real solar cells (extra ``demo``) arrive in a watched folder at random: some written slowly, some moved in, some renamed
after they were written; the process is killed and started again meanwhile.
"""

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.program import JsonOption, program, tell
from benchmarks.run import PRODUCT, REFERENCES, memory_of_cells
from echo_agent.evaluation.solar_cells import cells, data_folder
from echo_agent.files import digest_of
from echo_agent.runs.record import read_fields
from echo_agent.state import Value

QUIET = 90.0
"""Seconds without a new line after which nothing more is expected."""


class WatchBenchmark(Value):
    """What was found.

    Attributes:
        arrived: Photographs that arrived, all different.
        kills: How often the process was killed.
        renamed: Photographs that were renamed once they were inspected.
        lines: Lines of the run.
        once: Photographs with just one line.
        unreadable: Lines of photographs that could not be read.
    """

    arrived: int
    kills: int
    renamed: int
    lines: int
    once: int
    unreadable: int


def _drop(picture: Path, incoming: Path, draw: random.Random) -> None:
    """Lets a photograph arrive in one of three ways."""
    way, target = draw.randrange(3), incoming / picture.name
    if way == 0:
        data = picture.read_bytes()
        step = len(data) // draw.randint(2, 6) + 1
        with target.open("wb") as file:
            for start in range(0, len(data), step):
                file.write(data[start : start + step])
                file.flush()
                time.sleep(draw.uniform(0, 0.4))
    elif way == 1:
        part = incoming / f"{picture.name}.part"
        shutil.copy2(picture, part)
        part.rename(target)
    else:
        shutil.copy(picture, target)
        target.rename(incoming / f"renamed-{picture.name}")


def start_watching(incoming: Path, memory: Path, run: Path, *options: str) -> subprocess.Popen[bytes]:
    """Starts ``inspect --watch`` in a process of its own."""
    command = [sys.executable, "-m", "echo_agent.cli.app", "inspect", "--watch", str(incoming)]
    command += ["--product", PRODUCT, "--memory", str(memory), "--out", str(run), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait_until_quiet(run: Path, count: int) -> None:
    """Waits until there are so many lines, and a moment more, or until none comes any more."""
    before, since = -1, time.monotonic()
    while time.monotonic() < since + (QUIET if before < count else 3.0):
        now = sum(1 for _ in read_fields(run))
        if now != before:
            before, since = now, time.monotonic()
        time.sleep(0.5)


def benchmark_watch(count: int, kills: int, seed: int) -> WatchBenchmark:
    """Lets photographs arrive in a temporary folder.

    Args:
        count: How many.
        kills: How often the process is killed meanwhile.
        seed: Seed of the draw.
    """
    draw = random.Random(seed)
    normal, defective = cells(data_folder())
    pictures = {digest_of(path): path for path in [*normal[REFERENCES:], *defective]}
    chosen = draw.sample(sorted(pictures.values()), count)
    moments = set(draw.sample(range(count // 10, count), kills))
    renamed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        incoming, memory, run = folder / "incoming", folder / "memory", folder / "run"
        incoming.mkdir()
        memory_of_cells(memory, normal)
        process = start_watching(incoming, memory, run)
        for number, picture in enumerate(chosen):
            _drop(picture, incoming, draw)
            if number in moments:
                process.kill()
                process.wait()
                seen = [Path(line["image"]) for line in list(read_fields(run))[-2:]]
                for path in (path for path in seen if path.exists()):
                    path.rename(incoming / f"later-{renamed}.png")
                    renamed += 1
                process = start_watching(incoming, memory, run)
        _wait_until_quiet(run, count)
        process.terminate()
        process.wait()
        lines = list(read_fields(run))
    times = Counter(line["sha256"] for line in lines)
    return WatchBenchmark(
        arrived=count,
        kills=kills,
        renamed=renamed,
        lines=len(lines),
        once=sum(times[digest_of(picture)] == 1 for picture in chosen),
        unreadable=sum(line["error"] is not None for line in lines),
    )


def watch(
    *,
    photographs: Annotated[int, typer.Option(min=10, help="Photographs that arrive.")] = 500,
    kills: Annotated[int, typer.Option(min=0, help="How often the process is killed.")] = 3,
    seed: Annotated[int, typer.Option(help="Seed of the draw.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Photographs that arrive in a watched folder while the process is killed and started again."""
    found = benchmark_watch(photographs, kills, seed)
    text = (
        f"{found.arrived} photographs arrived, {found.kills} kills, {found.renamed} renamed later: "
        f"{found.lines} lines, {found.once} photographs with just one, {found.unreadable} unreadable"
    )
    tell(found, text, as_json)


app = program(watch)

if __name__ == "__main__":
    app()
