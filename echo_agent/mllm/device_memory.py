"""How much memory a call takes at its peak, and how many prompts the free memory holds."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from echo_agent.errors import ModelMemoryError

MAX_BATCH = 8

SAFE_SHARE = 0.8
"""Share of the free memory that a batch may take by the last one's measure."""

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


class Meter(Protocol):
    """Measures the memory of a device."""

    def begin(self) -> int:
        """Begins to measure anew, and returns the bytes that are held already."""
        ...

    def peak(self) -> int:
        """Returns the most bytes held since the measurement began."""
        ...


class CudaMeter:
    """Measures one GPU.

    Args:
        device: Its name, with the index where there are several.
    """

    def __init__(self, device: str) -> None:
        self._device = device

    def begin(self) -> int:
        """Begins to measure anew, and returns the bytes that are held already."""
        import torch

        torch.cuda.reset_peak_memory_stats(self._device)
        return int(torch.cuda.memory_allocated(self._device))

    def peak(self) -> int:
        """Returns the most bytes held since the measurement began."""
        import torch

        return int(torch.cuda.max_memory_allocated(self._device))

    def free(self) -> int:
        """Returns the bytes that are free, those included that torch holds in reserve."""
        import torch

        unused = torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
        return int(torch.cuda.mem_get_info(self._device)[0] + unused)


class ProcessMeter:
    """Measures this process; where the system cannot begin anew, its peak is the one since the start."""

    def begin(self) -> int:
        """Begins to measure anew, and returns the bytes that are held already."""
        if _CLEAR.exists():
            _CLEAR.write_text("5", encoding="ascii")
        return self.peak()

    def peak(self) -> int:
        """Returns the most bytes held since the measurement began."""
        if not _STATUS.exists():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


def meter_of(device: str) -> Meter:
    """Returns what measures a torch device."""
    return CudaMeter(device) if device.startswith("cuda") else ProcessMeter()


class Room:
    """Learns how many prompts fit a device together.

    Args:
        meter: Measures the device; None where its free memory says nothing about what fits.
    """

    def __init__(self, meter: CudaMeter | None) -> None:
        self._meter = meter
        self._each: float | None = None
        self._most = MAX_BATCH

    def fitting(self) -> int:
        """Returns how many prompts, one at least, the free memory holds by the measure of the last batch."""
        if self._meter is None or self._each is None:
            return self._most
        return max(1, min(self._most, int(SAFE_SHARE * self._meter.free() / self._each)))

    @contextmanager
    def taken(self, prompts: int) -> Iterator[None]:
        """Measures a batch; after one that did not fit, half as many are tried until one can be measured."""
        held = self._meter.begin() if self._meter is not None else 0
        try:
            yield
        except ModelMemoryError:
            self._most = max(1, prompts // 2)
            raise
        if self._meter is not None:
            self._each = max(1.0, (self._meter.peak() - held) / prompts)
            self._most = MAX_BATCH
