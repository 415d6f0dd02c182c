"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Any

import typer

from echo_agent.settings import process_settings


def _memory_folder(ctx: typer.Context, given: Path | None) -> Path:
    """Returns the memory folder: the command's option, else that before the command, else ECHO_MEMORY."""
    asked: Any = ctx
    while given is None and asked is not None:
        given, asked = asked.params.get("memory"), asked.parent
    return given or process_settings().memory


MemoryOption = Annotated[
    Path,
    typer.Option(
        "--memory",
        help="Folder of the memory (default: ECHO_MEMORY, else ./echo-memory).",
        callback=_memory_folder,
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON on one line, and nothing else, on stdout.")
]

MEMORY_OF_THE_SETTINGS: Path = None  # type: ignore[assignment]
"""Default of a ``MemoryOption``: the option's callback puts the folder in its place."""
