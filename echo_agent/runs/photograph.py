"""Photographs on their way into a run: files as they lay there when they were found."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from echo_agent.errors import SettingsError
from echo_agent.state import LotEvidence


@dataclass(frozen=True)
class Photograph:
    """A file to inspect.

    Attributes:
        path: Its absolute path.
        name: Its path as it was given.
        part: The part that it is a view of, where the list that named it says so.
        size: Its size in bytes; None where there was no file.
        modified: When it was last changed, in nanoseconds.
        inode: Device and number of the file: they stay when it is renamed.
        lot: What the other parts of its lot say of it; None where it is judged alone.
    """

    path: Path
    name: str
    part: str | None = None
    size: int | None = None
    modified: int | None = None
    inode: tuple[int, int] | None = None
    lot: LotEvidence | None = None

    @classmethod
    def at(cls, path: Path, part: str | None = None) -> "Photograph":
        """Looks at the file; where there is none, inspecting it tells so."""
        place = Path(os.path.abspath(path))
        try:
            found = place.stat()
        except OSError:
            return cls(place, str(path), part)
        return cls(place, str(path), part, found.st_size, found.st_mtime_ns, (found.st_dev, found.st_ino))


class PartIds:
    """Says which part a photograph shows a view of.

    Args:
        pattern: Regular expression that finds the part's id in a path: its group ``part``, else its first group, else
            all of it. None makes each photograph a part.

    Raises:
        SettingsError: It is no regular expression.
    """

    def __init__(self, pattern: str | None) -> None:
        try:
            self._pattern = re.compile(pattern) if pattern is not None else None
        except re.error as error:
            raise SettingsError(
                f"--part-id {pattern!r} is no regular expression ({error}): correct it"
            ) from error

    def of(self, photograph: Photograph) -> str:
        """The part's id: what the list says, else what the pattern finds, else the photograph's own path."""
        if photograph.part is not None:
            return photograph.part
        name = photograph.path.as_posix()
        found = self._pattern.search(name) if self._pattern is not None else None
        if found is None:
            return name if self._pattern is None else photograph.path.name
        groups = found.groupdict().get("part") or next((group for group in found.groups() if group), None)
        return groups or found.group()
