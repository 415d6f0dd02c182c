"""Paths as they are stored: relative to the memory's folder, which may be moved or copied as a whole."""

import json
import re
from collections.abc import Callable, Set
from pathlib import Path, PurePath
from typing import Any

from pydantic import BaseModel

from echo_agent.json_text import parse_json
from echo_agent.names import readable

PREFIX = "memory:"
"""Stands before a path below the memory's folder."""

KEYS = frozenset({"uri", "file", "card_file"})
"""Fields that hold paths, in images and in citations of domain knowledge."""

PATH = re.compile(rf'("(?:{"|".join(sorted(KEYS))})": )("(?:[^"\\]|\\.)*")')
"""Such a field as ``json.dumps`` writes it; within a text its quotes are escaped. Takes a tenth of a walk's time."""

KEPT_IMAGE = re.compile(r"[/\\]images[/\\]([0-9a-f]{64}\.\w+)$")
"""How a path ends that was written where a memory lay before."""


def to_stored(value: BaseModel, folder: Path, *, without: Set[str] = frozenset()) -> str:
    """Writes a value as JSON, its paths below the folder relative to it.

    Args:
        value: The value.
        folder: Folder of the memory.
        without: Fields that are left out.
    """
    fields = value.model_dump(mode="json", exclude=set(without))
    given = json.dumps(fields)
    if "\\ud" in given:  # half of a pair, as in a file's name that is no UTF-8, would not be read again
        given = readable(json.dumps(fields, ensure_ascii=False))
    return PATH.sub(lambda path: path[1] + json.dumps(_relative(json.loads(path[2]), folder)), given)


def from_stored(text: str, folder: Path) -> Any:
    """Reads what ``to_stored`` wrote, its paths where the folder is now; to be validated by the caller.

    Raises:
        ValueError: It is no JSON, or a path leads out of the folder.
    """
    return _changed(parse_json(text), lambda path: _absolute(path, folder))


def stored_file(uri: str, folder: Path) -> str:
    """The path of a file below the folder, relative to it."""
    return Path(uri).relative_to(folder).as_posix()


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_changed(part, change) for part in value]
    if isinstance(value, dict):
        return {
            key: change(part) if key in KEYS and isinstance(part, str) else _changed(part, change)
            for key, part in value.items()
        }
    return value


def _relative(path: str, folder: Path) -> str:
    place = Path(path)
    if place.is_relative_to(folder):
        return PREFIX + place.relative_to(folder).as_posix()
    moved = KEPT_IMAGE.search(path)
    if moved and (folder / "images" / moved[1]).exists():
        return f"{PREFIX}images/{moved[1]}"
    return path


def _absolute(path: str, folder: Path) -> str:
    if not path.startswith(PREFIX):
        return path
    inside = PurePath(path.removeprefix(PREFIX))
    if inside.is_absolute() or ".." in inside.parts:
        raise ValueError(f"{path[:80]} leads out of the memory")
    return str(folder / inside)
