"""Tables that are kept up to date beside a run."""

import time
from collections.abc import Sequence
from pathlib import Path

from echo_agent.runs.export import export_run
from echo_agent.runs.line import Line

WRITTEN_EVERY = 60.0
"""Seconds between two writings while the run goes on."""


class TableSink:
    """Writes a run's tables now and then, and at its end.

    Args:
        run: The run's folder.
        files: Format and file of each; the first is written at once, so that a missing extra is told at the start.
    """

    name = "tables"

    def __init__(self, run: Path, files: Sequence[tuple[str, Path]]) -> None:
        self._run = run
        self._files = files
        self._write()

    def saw(self, line: Line) -> None:
        """See ``Observer.saw``."""
        if time.monotonic() > self._written + WRITTEN_EVERY:
            self._write()

    def told(self) -> None:
        """See ``Observer.told``."""

    def close(self) -> None:
        """See ``Observer.close``."""
        self._write()

    def _write(self) -> None:
        for kind, file in self._files:
            export_run(self._run, kind, file)
        self._written = time.monotonic()
