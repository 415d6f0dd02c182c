"""Photographs sorted by label into folders."""

import os
import shutil
from pathlib import Path

from echo_agent.errors import RunError
from echo_agent.files import digest_of
from echo_agent.names import REPLACED, readable
from echo_agent.runs.line import Line


class Sorter:
    """Links or moves each photograph into the folder of its label.

    After a restart it does what a kill left undone. What cannot be read goes to ``review`` as well.

    Args:
        folder: Folder of the labels' folders.
        move: Whether to move the photographs; else they are linked, or copied where that cannot be.
    """

    name = "sorted"

    def __init__(self, folder: Path, *, move: bool = False) -> None:
        self._folder = folder
        self._move = move
        self._of: dict[
            Path, Path
        ] = {}  # which photograph lies under a name: two may be the same byte for byte

    def saw(self, line: Line) -> None:
        """See ``Observer.saw``.

        Raises:
            RunError: The folder cannot be written.
        """
        place = self._folder / line.verdict.label
        try:
            source = _file_of(line)
            if source is None or self._is_linked(place / source.name, source):
                return
            if line.sha256 is not None and digest_of(source) != line.sha256:
                return  # another photograph has taken its place; this one is gone
            place.mkdir(parents=True, exist_ok=True)
            target = self._target(place, source, line.sha256)
            if target is None:
                return
            if self._move:
                shutil.move(source, target)
            else:
                _link(source, target)
        except OSError as error:
            raise RunError(
                f"{place} cannot be written ({error.strerror}): make room, or choose another --sort-into"
            ) from error

    def told(self) -> None:
        """See ``Observer.told``."""

    def close(self) -> None:
        """See ``Observer.close``."""

    def _is_linked(self, target: Path, source: Path) -> bool:
        """Whether a photograph is linked already: told without reading it."""
        if self._move or not target.exists() or not target.samefile(source):
            return False
        return self._of.setdefault(target, source) == source

    def _target(self, place: Path, source: Path, digest: str | None) -> Path | None:
        """A free name for a photograph; None where it lies there already."""
        target, number = place / source.name, 1
        while target.exists():
            own = not self._move and self._of.get(target, source) == source
            if own and digest_of(target) == digest:
                self._of[target] = source
                return None
            number += 1
            target = place / f"{source.stem}-{number}{source.suffix}"
        self._of[target] = source
        return target


def _file_of(line: Line) -> Path | None:
    """The photograph of a line, also where its name is no UTF-8 and told as it can be read; None where it is gone."""
    alike = [file for file in _shown_as(Path(line.image)) if file.is_file()]
    own = (file for file in alike if len(alike) > 1 and digest_of(file) == line.sha256)
    return next(own, alike[0] if alike else None)


def _shown_as(name: Path) -> list[Path]:
    """What has a name that reads so."""
    if REPLACED not in str(name) or name.exists():
        return [name]
    folders = [folder for folder in _shown_as(name.parent) if folder.is_dir()]
    return [file for folder in folders for file in folder.iterdir() if readable(file.name) == name.name]


def _link(source: Path, target: Path) -> None:
    """Links a file; over the borders of a disk it is copied."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
