"""How soon the report of a large run is written and opens: ``python -m benchmarks.report``.

Real solar cells (extra ``demo``) are inspected into a run, their lines and pictures are repeated until there are parts
enough, and the report is opened in Chromium (extra ``dev``).
"""

import os
import shutil
import tempfile
import time
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.machine import machine_name
from benchmarks.program import JsonOption, program, tell
from benchmarks.run import PRODUCT, REFERENCES, memory_of_cells
from echo_agent.context import Context
from echo_agent.evaluation.solar_cells import cells, data_folder
from echo_agent.runs.batch import in_batches, inspect_batch
from echo_agent.runs.engine import Here
from echo_agent.runs.folder import RunFolder
from echo_agent.runs.photograph import Photograph
from echo_agent.runs.record import RunSettings, read_lines
from echo_agent.runs.report import report_of_run
from echo_agent.runs.station import Station
from echo_agent.state import Value

REAL = 64
"""Photographs that are inspected; the others are their copies."""


class ReportBenchmark(Value):
    """What was found.

    Attributes:
        machine: Name of the processor or GPU.
        parts: Parts of the run.
        megabytes: Size of the page.
        written_s: Seconds in which it was written.
        opened_s: Seconds until Chromium has loaded it and shows its first part.
        filtered_s: Seconds until a filter by name shows the part that it names.
    """

    machine: str
    parts: int
    megabytes: float
    written_s: float
    opened_s: float
    filtered_s: float


def _run_of(folder: Path, parts: int) -> Path:
    """Inspects some photographs, and repeats what the run holds of them."""
    normal, defective = cells(data_folder())
    memory = folder / "memory"
    memory_of_cells(memory, normal)
    context = Context(memory=str(memory), mllm="measured")
    settings = RunSettings(memory=str(memory), encoder="", product=PRODUCT, context=context)
    station = Station.open(settings)
    mixed = [path for pair in zip(normal[REFERENCES:], defective, strict=False) for path in pair][:REAL]
    with closing(RunFolder(folder / "real", settings)) as run:
        list(inspect_batch(run, station, Here(station), in_batches(map(Photograph.at, mixed), run)))
    with closing(RunFolder(folder / "run", settings)) as run:
        for kind in ("photographs", "maps"):
            (run.folder / kind).mkdir()
        for number, line in enumerate(islice(cycle(list(read_lines(folder / "real"))), parts), start=1):
            changes: dict[str, object] = {"number": number, "part": f"part-{number:05d}"}
            for kind, picture in (("photographs", line.photograph), ("maps", line.map)):
                if picture is not None:
                    changes[kind.removesuffix("s")] = f"{kind}/{number}.jpg"
                    os.link(folder / "real" / picture, run.folder / kind / f"{number}.jpg")
            run.add(line.model_copy(update=changes))
    return folder / "run"


def _opened(page: Path, parts: int) -> tuple[float, float]:
    from playwright.sync_api import sync_playwright

    name = f"part-{parts // 2:05d}"
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = chromium.new_page(viewport={"width": 1280, "height": 900})
        start = time.perf_counter()
        tab.goto(page.as_uri())
        tab.locator(".table tbody tr").first.wait_for()
        opened = time.perf_counter() - start
        start = time.perf_counter()
        tab.locator("input[name=words]").fill(name)
        tab.locator(".table tbody tr").filter(has_text=name).first.wait_for()
        filtered = time.perf_counter() - start
        chromium.close()
    return opened, filtered


def benchmark_report(parts: int) -> ReportBenchmark:
    """Runs it all in a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        run = _run_of(Path(name), parts)
        start = time.perf_counter()
        page = report_of_run(run)
        written = time.perf_counter() - start
        opened, filtered = _opened(page, parts)
        size = page.stat().st_size
    return ReportBenchmark(
        machine=machine_name(),
        parts=parts,
        megabytes=round(size / 1e6, 1),
        written_s=round(written, 2),
        opened_s=round(opened, 2),
        filtered_s=round(filtered, 2),
    )


def report(
    *,
    parts: Annotated[int, typer.Option(min=2, help="Parts of the run.")] = 10_000,
    as_json: JsonOption = False,
) -> None:
    """The report of a large run: how soon it is written, and how soon a browser shows it."""
    found = benchmark_report(parts)
    text = (
        f"{found.parts} parts on {found.machine}: {found.megabytes} MB, written in {found.written_s} s; "
        f"Chromium shows it after {found.opened_s} s and a part by its name after {found.filtered_s} s"
    )
    tell(found, text, as_json)


app = program(report)

if __name__ == "__main__":
    app()
