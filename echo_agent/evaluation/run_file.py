"""A measurement on disk: its settings, then one line for each thing measured, so that a stopped one goes on."""

import json
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from echo_agent.errors import DatasetError
from echo_agent.state import Value

Settings = TypeVar("Settings", bound=Value)
Line = TypeVar("Line", bound=Value)


class RunFile(Generic[Settings, Line]):
    """The lines of one run: the settings first, then a line a measurement, in their order.

    Args:
        file: The file; its folder is made.
        settings: The run's settings.
        line: Type of a line.

    Raises:
        DatasetError: The file holds a run with other settings, or cannot be written.
    """

    def __init__(self, file: Path, settings: Settings, line: type[Line]) -> None:
        self.path = file
        self.lines: list[Line] = []
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.exists():
                self._resume(settings, line)
            if not file.exists() or not file.stat().st_size:
                self._append({"settings": settings.model_dump(mode="json")})
        except OSError as error:
            raise DatasetError(
                f"{file.parent} cannot be written ({error.strerror}): choose another --out"
            ) from error

    def _resume(self, settings: Settings, line: type[Line]) -> None:
        """Reads what is there; a last line that was cut off by a kill is taken away."""
        complete = self.path.read_bytes()
        complete = complete[: complete.rfind(b"\n") + 1]
        with self.path.open("r+b") as file:
            file.truncate(len(complete))
        if not complete:
            return
        kept, self.lines = _parsed(self.path, complete.decode(), type(settings), line)
        if kept != settings:
            names = type(settings).model_fields
            changed = [name for name in names if getattr(kept, name) != getattr(settings, name)]
            raise DatasetError(
                f"{self.path} was made with other settings ({', '.join(changed)}): choose another --out"
            )

    def add(self, line: Line) -> None:
        """Appends a line; it is in the file when this returns."""
        self._append(line.model_dump(mode="json"))
        self.lines.append(line)

    def _append(self, line: dict[str, object]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def read_run_file(file: Path, settings: type[Settings], line: type[Line]) -> tuple[Settings, list[Line]]:
    """Reads a run.

    Args:
        file: The run's file.
        settings: Type of its settings.
        line: Type of a line.

    Raises:
        DatasetError: There is no run, or its file is broken.
    """
    try:
        return _parsed(file, file.read_text(encoding="utf-8"), settings, line)
    except OSError as error:
        raise DatasetError(f"{file} cannot be read ({error.strerror}): name the folder of a run") from error


def _parsed(file: Path, text: str, settings: type[Settings], line: type[Line]) -> tuple[Settings, list[Line]]:
    lines = text.removesuffix("\n").split("\n")  # splitlines would also part a line within a text
    number = 0
    try:
        kept = settings.model_validate(json.loads(lines[0])["settings"])
        read = []
        for one in lines[1:]:
            number += 1
            read.append(line.model_validate_json(one))
    except (ValueError, ValidationError, KeyError, IndexError, TypeError) as error:
        raise DatasetError(f"{file}:{number + 1} is no line of a run: choose another --out") from error
    return kept, read
