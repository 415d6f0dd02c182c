"""timm, the library of convolutional networks, which is an extra: torchvision, which it needs, must fit torch."""

from importlib import import_module
from typing import Any

from echo_agent.errors import EncoderError


def import_timm(purpose: str) -> Any:
    """Imports timm.

    Args:
        purpose: What is run by it, for the message.

    Raises:
        EncoderError: It is not installed, or torchvision does not fit torch.
    """
    try:
        return import_module("timm")
    except ModuleNotFoundError as error:
        raise EncoderError(
            f"timm, which runs {purpose}, is not installed: run pip install 'echo-agent[timm]'"
        ) from error
    except (ImportError, OSError, RuntimeError) as error:
        problem = (str(error).splitlines() or [type(error).__name__])[0]
        raise EncoderError(
            f"timm, which runs {purpose}, cannot be imported ({problem}): install the torchvision "
            "that was built for this torch"
        ) from error
