"""What many inspections together cost beside the same ones one after the other."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from echo_agent.context import Context
from echo_agent.evaluation.mllm_benchmark import machine_name
from echo_agent.inspector import Inspector
from echo_agent.state import Value


class InspectionBenchmark(Value):
    """Rates of inspections on this machine.

    Attributes:
        machine: Name of the GPU or processor.
        images: Inspections a round.
        single: Inspections a second, one after the other; the median of the rounds.
        together: Inspections a second through ``inspect_many``.
        gain: ``together / single``, from the rounds' processor time on a CPU and their time on the wall on a GPU.
        wall_gain: The same from the time on the wall.
    """

    machine: str
    images: int
    single: float
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

    inspector = Inspector.open(memory, context=context, create=False)
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
        together=len(images) / together,
        gain=single / together if torch.cuda.is_available() else single_cpu / together_cpu,
        wall_gain=single / together,
    )
