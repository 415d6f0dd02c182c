"""Choosing an encoder by its name."""

from echo_agent.errors import EncoderError
from echo_agent.vision.features import Encoder

EMBEDDED = "efficientnet-lite2"


def load_encoder(name: str, device: str = "auto") -> Encoder:
    """Loads an encoder, once a process.

    Args:
        name: ``efficientnet-lite2`` (the embedded one).
        device: ``auto`` (CUDA where there is one), ``cpu`` or ``cuda[:N]``.

    Returns:
        The encoder.

    Raises:
        EncoderError: No encoder of that name.
    """
    if name != EMBEDDED:
        raise EncoderError(f"unknown encoder {name}: the embedded one is {EMBEDDED}")
    from echo_agent.vision.efficientnet import embedded_encoder

    return embedded_encoder(torch_device(device))


def torch_device(device: str) -> str:
    """Resolves ``auto`` to ``cuda`` where there is one, else ``cpu``."""
    if device != "auto":
        return device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
