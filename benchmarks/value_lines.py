"""Values in a file, a line each: what a long measurement has found, so that it goes on where it was stopped."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

import echo_agent
from echo_agent.errors import DatasetError
from echo_agent.state import Value

Kind = TypeVar("Kind", bound=Value)

MEASURING = ("images", "vision", "memory", "evaluation")
"""The rooms whose code decides what is measured."""


@cache
def code_digest(*rooms: str) -> str:
    """Digest of the code of rooms of ``echo_agent``: what it found holds for it alone."""
    home = Path(echo_agent.__file__).parent
    files = sorted(file for room in rooms for file in (home / room).rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def append_value(file: Path, value: Value) -> None:
    """Appends a value to a file, whose first line names the code that measures."""
    with file.open("a") as lines:
        if not lines.tell():
            lines.write(json.dumps({"code": code_digest(*MEASURING)}) + "\n")
        lines.write(value.model_dump_json() + "\n")


def read_values(file: Path, kind: type[Kind], *, to_go_on: bool = False) -> list[Kind]:
    """The values that were appended to a file; none where there is no file.

    Args:
        file: The file.
        kind: What it holds.
        to_go_on: Whether more is measured beside them, which must be by the same code.

    Raises:
        DatasetError: It holds something else, or what other code has measured.
    """
    try:
        head, *lines = file.read_text().splitlines() if file.is_file() else [""]
        code = json.loads(head)["code"] if head else None
        values = [kind.model_validate_json(line) for line in lines]
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise DatasetError(
            f"{file} holds something else than this measurement: name another --out"
        ) from error
    if to_go_on and code is not None and code != code_digest(*MEASURING):
        raise DatasetError(f"{file} was measured by other code than this: name another --out")
    return values
