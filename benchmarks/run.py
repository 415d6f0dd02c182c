"""Whether a run survives, how fast and in how much memory: ``python -m benchmarks.run``.

Real solar cells (extra ``demo``) go through ``echo-agent inspect --out``: in one go, and killed at random moments and
resumed each time. Beside it stands how fast the same photographs are only encoded and compared.
"""

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.machine import machine_name
from benchmarks.program import JsonOption, program, tell
from echo_agent.context import Context
from echo_agent.evaluation.solar_cells import cells, data_folder
from echo_agent.memory.memory import Memory
from echo_agent.runs.batch import in_batches, inspect_batch
from echo_agent.runs.engine import Here
from echo_agent.runs.folder import RunFolder
from echo_agent.runs.photograph import Photograph
from echo_agent.runs.record import RunSettings, read_fields
from echo_agent.runs.station import Station
from echo_agent.state import Value

PRODUCT = "cell"
REFERENCES = 16
ROUND = 240
"""Photographs of a round in which the run and the bare comparison take turns: as few as let its start weigh little."""


def memory_of_cells(folder: Path, normal: Sequence[Path]) -> None:
    """Registers normal cells, with one encoder: what a second look costs is measured elsewhere."""
    Memory.open(folder, create=True, second_encoder="none").register(PRODUCT, normal[:REFERENCES])


class RunBenchmark(Value):
    """What was found.

    Attributes:
        machine: Name of the processor or GPU.
        photographs: Photographs of the run.
        kills: How often it was killed.
        lines: Lines that the killed run has at the end.
        distinct: Photographs among them.
        differing: Photographs whose label, score or digest is not that of the run in one go.
        rate: Photographs a second of the run in one go, its start left out.
        share_of_bare: Rate of a run by that of encoding and comparing alone; median of rounds in turn.
        memory_mib: Memory of the run in one go, at each fifth of it.
    """

    machine: str
    photographs: int
    kills: int
    lines: int
    distinct: int
    differing: int
    rate: float
    share_of_bare: float
    memory_mib: tuple[float, ...]


class _Process:
    """``echo-agent inspect --out`` as a process of its own."""

    def __init__(self, listed: Path, memory: Path, out: Path) -> None:
        command = [sys.executable, "-m", "echo_agent.cli.app", "inspect", str(listed), "--product", PRODUCT]
        command += ["--memory", str(memory), "--out", str(out)]
        self.file = out / "verdicts.jsonl"
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def lines(self) -> int:
        return self.file.read_bytes().count(b"\n") if self.file.exists() else 0

    def reached(self, lines: int) -> bool:
        """Waits until there are so many lines; False where it ended before."""
        while self._process.poll() is None:
            if self.lines() >= lines:
                return True
            time.sleep(0.01)
        return False

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        if self._process.wait():
            raise typer.Exit(1)

    def memory_mib(self) -> float:
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0]) / 2**10


def _in_one_go(listed: Path, memory: Path, out: Path, count: int) -> tuple[float, tuple[float, ...]]:
    process = _Process(listed, memory, out)
    first = count // 50 or 1
    process.reached(first)
    start = time.perf_counter()
    used = [process.memory_mib() for fifth in range(1, 5) if process.reached(fifth * count // 5)]
    process.reached(count)
    seconds = time.perf_counter() - start
    process.end()
    return (count - first) / seconds, tuple(round(mib, 1) for mib in used)


def _killed(listed: Path, memory: Path, out: Path, moments: Sequence[float]) -> int:
    """Kills a run at random numbers of lines and moments between them; returns how often it still lived."""
    killed = 0
    for moment in moments:
        process = _Process(listed, memory, out)
        killed += process.reached(int(moment))
        time.sleep(moment % 1 * 0.2)
        process.kill()
    _Process(listed, memory, out).end()
    return killed


def _rounds(memory: Path, photographs: Sequence[Path], rounds: int, folder: Path) -> Iterator[float]:
    """Yields the rate of a run by that of encoding and comparing alone, round by round."""
    settings = RunSettings(
        memory=str(memory), encoder="", product=PRODUCT, context=Context(memory=str(memory), mllm="measured")
    )
    station = Station.open(settings)
    inspector = station.inspector
    for number in range(rounds + 1):
        begin = number * ROUND % max(1, len(photographs) - ROUND)
        paths = photographs[begin : begin + ROUND]
        inspector.memory.forget()
        with closing(RunFolder(folder / str(number), settings)) as run:
            start = time.perf_counter()
            batches = in_batches(map(Photograph.at, paths), run)
            done = sum(1 for _ in inspect_batch(run, station, Here(station), batches))
        with_run = time.perf_counter() - start
        inspector.memory.forget()
        bare = 0.0
        for first in range(0, done, 16):
            stored = [(inspector.memory.store_image(path), str(path)) for path in paths[first : first + 16]]
            start = time.perf_counter()
            list(inspector.inspect_stored(stored, product=PRODUCT))
            bare += time.perf_counter() - start
        if number:  # the first one warms up
            yield bare / with_run


def _judged(run: Path) -> dict[str, tuple[Any, ...]]:
    return {line["image"]: (line["label"], line["score"], line["sha256"]) for line in read_fields(run)}


def benchmark_run(count: int, kills: int, rounds: int, seed: int) -> RunBenchmark:
    """Runs it all in a temporary folder.

    Args:
        count: Photographs of the run.
        kills: How often it is killed.
        rounds: Rounds that compare the rates.
        seed: Seed of the moments.
    """
    normal, defective = cells(data_folder())
    photographs = sorted({*normal[REFERENCES:], *defective})[:count]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        listed = folder / "list.csv"
        listed.write_text("image\n" + "".join(f"{path}\n" for path in photographs), encoding="utf-8")
        memory_of_cells(folder / "memory", normal)
        shares = list(_rounds(folder / "memory", photographs, rounds, folder / "rounds"))
        rate, used = _in_one_go(listed, folder / "memory", folder / "whole", len(photographs))
        draw = random.Random(seed)
        moments = sorted(draw.uniform(0, 0.97 * len(photographs)) for _ in range(kills))
        killed = _killed(listed, folder / "memory", folder / "killed", moments)
        lines = [json.dumps(line["image"]) for line in read_fields(folder / "killed")]
        whole, resumed = _judged(folder / "whole"), _judged(folder / "killed")
    return RunBenchmark(
        machine=machine_name(),
        photographs=len(photographs),
        kills=killed,
        lines=len(lines),
        distinct=len(set(lines)),
        differing=sum(whole[name] != resumed.get(name) for name in whole),
        rate=round(rate, 2),
        share_of_bare=round(statistics.median(shares), 3),
        memory_mib=used,
    )


def run(
    *,
    photographs: Annotated[int, typer.Option(min=1, help="Photographs of the run.")] = 1000,
    kills: Annotated[int, typer.Option(min=0, help="How often it is killed and resumed.")] = 10,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds that compare the rates.")] = 7,
    seed: Annotated[int, typer.Option(help="Seed of the moments.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """A run that is killed at random moments, its rate and its memory, on real solar cells."""
    found = benchmark_run(photographs, kills, rounds, seed)
    text = (
        f"{found.photographs} photographs on {found.machine}, killed {found.kills} times: {found.lines} lines, "
        f"{found.distinct} photographs, {found.differing} verdicts that differ from those in one go; "
        f"{found.rate} a second, {found.share_of_bare} of encoding and comparing alone; "
        f"memory in MiB at each fifth: {', '.join(map(str, found.memory_mib))}"
    )
    tell(found, text, as_json)


app = program(run)

if __name__ == "__main__":
    app()
