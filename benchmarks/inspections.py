"""What many inspections together cost beside one after the other: ``python -m benchmarks.inspections``."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.machine import machine_name
from benchmarks.program import JsonOption, program, tell
from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, EncodersOption, MemoryOption, MllmOption
from echo_agent.context import Context
from echo_agent.images.listing import list_images
from echo_agent.inspector import Inspector
from echo_agent.state import Value


class InspectionBenchmark(Value):
    """Rates of inspections on this machine.

    Attributes:
        machine: Name of the GPU or processor.
        images: Inspections a round.
        single: Inspections a second, one after the other; the median of the rounds.
        processor_ms: Processor time of one of them, in milliseconds; the median of the rounds.
        together: Inspections a second through ``inspect_many``.
        gain: ``together / single``, from the rounds' processor time on a CPU and their time on the wall on a GPU.
        wall_gain: The same from the time on the wall.
    """

    machine: str
    images: int
    single: float
    processor_ms: float
    together: float
    gain: float
    wall_gain: float


def benchmark_inspections(
    memory: Path, context: Context, product: str, images: Sequence[Path], *, rounds: int = 5
) -> InspectionBenchmark:
    """Inspects images one by one and together in turn, each time with nothing kept from before.

    Args:
        memory: Folder of the memory.
        context: Settings of the runs.
        product: Registered product that the images show.
        images: Its images.
        rounds: Rounds of each; the median counts. One more goes before, uncounted.

    Raises:
        EchoError: As an inspection raises it.
    """
    import torch

    inspector = Inspector.open(memory, context=context, create=False, record=False)
    spent: dict[str, list[tuple[float, float]]] = {"single": [], "together": []}
    for _ in range(rounds + 1):
        for way, row in spent.items():
            inspector.memory.forget()
            wall, cpu = time.perf_counter(), time.process_time()
            if way == "together":
                inspector.inspect_many(images, product=product)
            else:
                for image in images:
                    inspector.inspect(image, product=product)
            row.append((time.perf_counter() - wall, time.process_time() - cpu))
    (single, single_cpu), (together, together_cpu) = (
        tuple(statistics.median(clock) for clock in zip(*row[1:], strict=True)) for row in spent.values()
    )
    return InspectionBenchmark(
        machine=machine_name(),
        images=len(images),
        single=len(images) / single,
        processor_ms=1000 * single_cpu / len(images),
        together=len(images) / together,
        gain=single / together if torch.cuda.is_available() else single_cpu / together_cpu,
        wall_gain=single / together,
    )


def inspections(
    images: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of photographs of the product.")],
    *,
    product: Annotated[str, typer.Option(help="Registered product that they show.")],
    mllm: MllmOption = None,
    encoders: EncodersOption = "retry",
    limit: Annotated[int, typer.Option(min=1, help="Photographs at most.")] = 8,
    rounds: Annotated[int, typer.Option(min=1, help="Measurements of each; the median counts.")] = 5,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Inspections a second, one after the other and together, as ``Inspector.inspect_many`` runs them."""
    found = benchmark_inspections(
        memory, Context(mllm=mllm, encoders=encoders), product, list_images(images)[:limit], rounds=rounds
    )
    text = (
        f"{found.images} inspections on {found.machine}: {found.single:.2f} a second one by one "
        f"({found.processor_ms:.0f} ms of processor time each), "
        f"{found.together:.2f} together ({found.gain:.2f} x by the processor, {found.wall_gain:.2f} x by the clock)"
    )
    tell(found, text, as_json)


app = program(inspections)

if __name__ == "__main__":
    app()
