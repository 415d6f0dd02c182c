"""Where networks run: one resolver for encoders and language models."""

import re

from echo_agent.errors import SettingsError

NAMED = re.compile(r"cpu|cuda(?::(\d+))?")


def resolve_device(device: str) -> str:
    """Resolves a device's name to one that is there.

    Args:
        device: ``auto`` (CUDA where there is one, else the CPU), ``cpu`` or ``cuda[:N]``.

    Returns:
        A device's name as torch takes it.

    Raises:
        SettingsError: There is no such device.
    """
    if device == "cpu":
        return device
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return "cuda" if count else "cpu"
    named = NAMED.fullmatch(device)
    if named is None or int(named[1] or 0) >= count:
        there = ", ".join(["auto", "cpu", *(f"cuda:{index}" for index in range(count))])
        raise SettingsError(f"there is no device {device!r}: set ECHO_DEVICE to one of {there}")
    return device
