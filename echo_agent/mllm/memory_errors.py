"""Out of memory, told apart from other faults of torch."""

from collections.abc import Iterator
from contextlib import contextmanager

from echo_agent.errors import ModelMemoryError


@contextmanager
def out_of_memory_told(model: str) -> Iterator[None]:
    """Turns torch's out-of-memory errors, of a GPU and of the CPU's allocator, into ``ModelMemoryError``.

    What the GPU had cached for the failed call is given back, so that a smaller one can follow.
    """
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise ModelMemoryError(
            f"{model} ran out of GPU memory: lower ECHO_MLLM_MAX_PIXELS or load it in 4 bits"
        ) from error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):
            raise
        raise ModelMemoryError(
            f"{model} ran out of memory: lower ECHO_MLLM_MAX_PIXELS or use a smaller model"
        ) from error
