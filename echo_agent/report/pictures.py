"""Saving a photograph with its anomaly map, one file an inspection."""

from pathlib import Path
from typing import TYPE_CHECKING

from echo_agent.errors import ReportError
from echo_agent.images.decoding import load_image
from echo_agent.report.overlay import overlay, shown_map
from echo_agent.state import Verdict

if TYPE_CHECKING:
    from echo_agent.memory.memory import Memory


class Pictures:
    """A folder of pictures with anomaly maps.

    Args:
        memory: Memory that keeps the maps.
        folder: Folder to write to; made when it is not there.

    Raises:
        ReportError: The folder cannot be made.
    """

    def __init__(self, memory: "Memory", folder: Path) -> None:
        self._memory = memory
        self._folder = folder
        self._taken: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ReportError(f"{folder} cannot be made ({error.strerror}): name another folder") from error

    def save(self, photograph: Path, verdict: Verdict, *, name: str | None = None) -> Path:
        """Saves a photograph with the map and the regions of its verdict as ``<name>-map.png``.

        Args:
            photograph: The inspected file.
            verdict: What Echo said of it. Without a map (an unknown product) the photograph is saved
                as it is.
            name: How the photograph is called, where its file is called otherwise.

        Returns:
            The file that was written.

        Raises:
            ReportError: The file cannot be written.
        """
        target = self._folder / self._free_name(Path(name or photograph.name).stem)
        values = shown_map(self._memory, verdict)
        try:
            overlay(load_image(photograph), values, verdict.regions).save(target)
        except OSError as error:
            raise ReportError(
                f"{target} cannot be written ({error.strerror}): name another folder"
            ) from error
        return target

    def _free_name(self, stem: str) -> str:
        """Returns a name that this run has not used: photographs of two folders may be called alike."""
        name, number = f"{stem}-map.png", 1
        while name in self._taken:
            number += 1
            name = f"{stem}-{number}-map.png"
        self._taken.add(name)
        return name
