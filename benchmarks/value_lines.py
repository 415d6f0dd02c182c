"""Values in a file, a line each: what a long measurement has found, so that it goes on where it was stopped."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from echo_agent.errors import DatasetError
from echo_agent.state import Value

Kind = TypeVar("Kind", bound=Value)


def append_value(file: Path, value: Value) -> None:
    """Appends a value to a file."""
    with file.open("a") as lines:
        lines.write(value.model_dump_json() + "\n")


def read_values(file: Path, kind: type[Kind]) -> list[Kind]:
    """The values that were appended to a file; none where there is no file.

    Raises:
        DatasetError: It holds something else.
    """
    try:
        lines = file.read_text().splitlines() if file.is_file() else []
        return [kind.model_validate_json(line) for line in lines]
    except (OSError, ValidationError) as error:
        raise DatasetError(
            f"{file} holds something else than this measurement: name another --out"
        ) from error
