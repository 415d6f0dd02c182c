"""What the programs run on, and how long tasks take there when they run in turn."""

import platform
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Spent(NamedTuple):
    """Median seconds of a task: on the wall, and of the processor (all threads of this process together)."""

    wall: float
    cpu: float


def side_by_side(tasks: Sequence[Callable[[], object]], repeats: int) -> list[Spent]:
    """Returns the median seconds of each task, the tasks run in turn so that a busy machine slows them alike."""
    spent: list[list[Spent]] = [[] for _ in tasks]
    for _ in range(repeats):
        for task, row in zip(tasks, spent, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            task()
            row.append(Spent(time.perf_counter() - wall, time.process_time() - cpu))
    return [
        Spent(statistics.median(one.wall for one in row), statistics.median(one.cpu for one in row))
        for row in spent
    ]


def machine_name(device: str = "cuda") -> str:
    """Returns the name of the GPU, or of the processor with its number of threads.

    Args:
        device: Which GPU, ``cuda[:N]``, where there is one; or ``cpu``.
    """
    import torch

    if device.startswith("cuda") and torch.cuda.is_available():
        return torch.cuda.get_device_name(device)
    return f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads"


def peak_memory_gib() -> float:
    """Returns the peak memory so far in GiB: of the GPU where one is used, else of this process."""
    import torch

    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
