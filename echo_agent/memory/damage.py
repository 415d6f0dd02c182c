"""What is said of a damaged memory: one sentence that names the thing, and the doctor as remedy."""

from pathlib import Path

from echo_agent.errors import StoreError


class DamagedMemoryError(StoreError):
    """A part of a memory that is missing, or not what was written.

    Args:
        folder: Folder of the memory.
        what: What is wrong with which part of it, a clause.
    """

    def __init__(self, folder: Path, what: str) -> None:
        super().__init__(damaged(folder, what))


def damaged(folder: Path, what: str) -> str:
    """A sentence on something damaged.

    Args:
        folder: Folder of the memory.
        what: What is wrong with which part of it, a clause.
    """
    return f"{what}: echo-agent doctor --memory {folder} tells what is lost, and with --repair mends what can be mended"
