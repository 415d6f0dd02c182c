"""Photographs a second by the number of workers, and what each stage costs: ``python -m benchmarks.workers``.

Real solar cells (extra ``demo``) go through the engines of a run; the time until the first line is left out.
"""

import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.machine import machine_name
from benchmarks.program import JsonOption, program, tell
from benchmarks.run import PRODUCT, REFERENCES, memory_of_cells
from echo_agent.context import Context
from echo_agent.evaluation.solar_cells import cells, data_folder
from echo_agent.runs.batch import in_batches, inspect_batch
from echo_agent.runs.engine import Engine, Here, Workers
from echo_agent.runs.folder import RunFolder
from echo_agent.runs.on_ray import OnRay
from echo_agent.runs.photograph import Photograph
from echo_agent.runs.record import RunSettings
from echo_agent.runs.station import Station
from echo_agent.state import Value


class WorkersBenchmark(Value):
    """What was found.

    Attributes:
        machine: Name of the processor or GPU.
        photographs: Photographs of each run.
        decoding_ms: Processor time to read and decode a photograph.
        comparing_ms: Processor time to encode and compare it.
        drawing_ms: Processor time to draw its pictures.
        bytes: What a photograph leaves in a run's folder.
        rates: Photographs a second by engine and workers.
    """

    machine: str
    photographs: int
    decoding_ms: float
    comparing_ms: float
    drawing_ms: float
    bytes: int
    rates: dict[str, float]


def _stages(station: Station, paths: Sequence[Path]) -> tuple[float, float, float]:
    """Milliseconds of processor time a photograph: decoding, comparing, drawing."""
    found = Photograph.at(paths[0])
    list(station.inspect(station.decode([found])))  # loads what is needed
    spent = [0.0, 0.0, 0.0]
    for start in range(0, len(paths), 16):
        clock = time.process_time()
        opened = station.decode([Photograph.at(path) for path in paths[start : start + 16]])
        spent[0] += time.process_time() - clock
        clock = time.process_time()
        inspected = list(station.inspect(opened))
        spent[1] += time.process_time() - clock
        clock = time.process_time()
        for one in inspected:
            station.draw(one)
        spent[2] += time.process_time() - clock
    decoding, comparing, drawing = (round(1000 * seconds / len(paths), 2) for seconds in spent)
    return decoding, comparing, drawing


def _rate(
    folder: Path, settings: RunSettings, station: Station, engine: Engine, paths: Sequence[Path]
) -> tuple[float, int]:
    """Photographs a second after the first line, and bytes that a photograph leaves."""
    station.inspector.memory.forget()
    with closing(RunFolder(folder, settings)) as run:
        batches = in_batches(map(Photograph.at, paths), run, size=8)
        lines = inspect_batch(run, station, engine, batches)
        next(lines)
        begun = time.perf_counter()
        count = sum(1 for _ in lines)
        rate = count / (time.perf_counter() - begun)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return round(rate, 2), size // len(paths)


def benchmark_workers(count: int, workers: Sequence[int], *, ray: bool) -> WorkersBenchmark:
    """Measures in a temporary folder.

    Args:
        count: Photographs of each run.
        workers: Numbers of workers.
        ray: Whether to measure Ray as well.
    """
    normal, defective = cells(data_folder())
    paths = sorted({*normal[REFERENCES:], *defective})[:count]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        memory_of_cells(folder / "memory", normal)
        context = Context(memory=str(folder / "memory"), mllm="measured")
        settings = RunSettings(memory=str(folder / "memory"), encoder="", product=PRODUCT, context=context)
        station = Station.open(settings)
        stages = _stages(station, paths[:64])
        engines: dict[str, Engine] = {
            f"{number} worker{'s' if number > 1 else ''}": Workers(settings, number)
            if number > 1
            else Here(station)
            for number in workers
        }
        if ray:
            engines |= {f"Ray, {number} actors": OnRay(settings, number) for number in workers}
        found = {
            name: _rate(folder / f"run-{place}", settings, station, engine, paths)
            for place, (name, engine) in enumerate(engines.items())
        }
    decoding, comparing, drawing = stages
    return WorkersBenchmark(
        machine=machine_name(),
        photographs=len(paths),
        decoding_ms=decoding,
        comparing_ms=comparing,
        drawing_ms=drawing,
        bytes=next(iter(found.values()))[1],
        rates={name: rate for name, (rate, _) in found.items()},
    )


def workers(
    *,
    photographs: Annotated[int, typer.Option(min=32, help="Photographs of each run.")] = 160,
    most: Annotated[int, typer.Option(min=1, help="Workers at most; 1, 2, 4 and so on are measured.")] = 2,
    ray: Annotated[bool, typer.Option(help="Measure Ray as well.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Photographs a second by the number of workers, and what each stage costs."""
    numbers = [2**power for power in range(most.bit_length()) if 2**power <= most]
    found = benchmark_workers(photographs, numbers, ray=ray)
    rates = "; ".join(f"{name}: {rate}" for name, rate in found.rates.items())
    text = (
        f"{found.photographs} photographs on {found.machine}, processor time each: decoding {found.decoding_ms} ms, "
        f"encoding and comparing {found.comparing_ms} ms, drawing {found.drawing_ms} ms; {found.bytes / 1000:.0f} kB "
        f"each on disk. A second: {rates}"
    )
    tell(found, text, as_json)


app = program(workers)

if __name__ == "__main__":
    app()
