"""Faults of the device while a model runs, told apart; nothing of the failed try is kept."""

import re
import traceback
from collections.abc import Callable
from typing import TypeVar

from echo_agent.errors import ModelDeviceError, ModelMemoryError, NoAnswerError

T = TypeVar("T")

_OUT_OF_MEMORY = re.compile(
    r"out of memory|can't allocate memory|not enough memory|_ALLOC_FAILED|cudaErrorMemoryAllocation",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"\b(CUDA|CUBLAS|CUDNN|CUSPARSE|CUSOLVER|NCCL|NVML|HIP|MPS|device-side assert)", re.IGNORECASE
)


def device_faults_told(model: str, run: Callable[[], T]) -> T:
    """Runs a model, and turns the faults of its device into errors of Echo's.

    Whatever fails, the failed try's tensors are freed before the error is raised, so that a smaller one can follow: an
    exception keeps the locals of every function that it came through.

    Args:
        model: How the model is called.
        run: Runs it; the tensors must be its own.

    Raises:
        ModelMemoryError: The memory of the device or of the process does not suffice.
        ModelDeviceError: The device failed otherwise.
    """
    try:
        return run()
    except (RuntimeError, MemoryError) as error:
        _forget(error)
        told = _told(model, error)
        if told is None:
            raise
    except Exception as error:
        _forget(error)
        raise
    _free()
    raise told


def _told(model: str, error: Exception) -> NoAnswerError | None:
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    if isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(str(error)):
        return ModelMemoryError(
            f"{model} ran out of memory ({said}): lower ECHO_MLLM_MAX_PIXELS, load it in 4 bits or use a smaller model"
        )
    if _DEVICE.search(str(error)):
        return ModelDeviceError(
            f"the device of {model} failed ({said}): start Echo again, and see the device's log"
        )
    return None


def _forget(error: BaseException) -> None:
    """Clears the locals of the functions that an error came through, and of those behind its causes."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        traceback.clear_frames(link.__traceback__)
        link = link.__cause__ or link.__context__


def _free() -> None:
    """Gives back what the GPU had cached for the failed call."""
    import torch

    if torch.cuda.is_available():
        try:
            torch.cuda.empty_cache()
        except RuntimeError as error:
            raise ModelDeviceError(f"the GPU failed ({error}): start Echo again") from error
