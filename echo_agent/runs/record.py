"""What a run's folder holds, read: its settings and counts, and its lines one at a time."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from echo_agent.context import Context
from echo_agent.decision.standards import Standards, changes
from echo_agent.errors import RunError
from echo_agent.files import read_text
from echo_agent.json_text import parse_json
from echo_agent.runs.line import Line
from echo_agent.state import Label, Value

VERDICTS = "verdicts.jsonl"
RUN = "run.json"
MAX_RECORD_BYTES = 16 * 2**20
WORST_FIRST: tuple[Label, ...] = ("defective", "review", "normal")
"""A part takes its worst view."""


class RunSettings(Value):
    """What all verdicts of a run have in common.

    Attributes:
        memory: Folder of the memory.
        encoder: Its encoder.
        product: What all photographs show; None finds it out for each.
        question: What is asked of each.
        part_id: Regular expression of the part's id in a path.
        lot: Whether its parts judge each other.
        context: The settings of its inspections, the Decision Maker named.
    """

    memory: str
    encoder: str
    product: str | None = None
    question: str | None = None
    part_id: str | None = None
    lot: bool = False
    context: Context


class Session(Value):
    """One start of a run.

    Attributes:
        started: When.
        versions: Versions of what it stands on.
        standards: By what its parts are judged, by product; empty in runs from before this was noted.
    """

    started: str
    versions: dict[str, str]
    standards: dict[str, Standards] = Field(default_factory=dict)


class RunRecord(Value):
    """What ``run.json`` holds.

    Attributes:
        id: The run's own name in the world.
        settings: The run's settings.
        sessions: Its starts.
        updated: When the counts below were last written.
        photographs: Lines.
        unreadable: Those whose photograph could not be read.
        labels: Lines by label.
        parts: Parts by label, each with its worst view.
        told: What observers told at the end, by their names.
    """

    id: str
    settings: RunSettings
    sessions: tuple[Session, ...] = ()
    updated: str = ""
    photographs: int = 0
    unreadable: int = 0
    labels: dict[str, int] = Field(default_factory=dict)
    parts: dict[str, int] = Field(default_factory=dict)
    told: dict[str, Any] = Field(default_factory=dict)


def worst(labels: tuple[Label, ...]) -> Label:
    """The label of a part of which these are the views' labels."""
    return min(labels, key=WORST_FIRST.index)


def differences(kept: RunSettings, wanted: RunSettings) -> list[str]:
    """What differs between two runs' settings, in words."""
    before, after = _flat(kept), _flat(wanted)
    return [f"{name} {before[name]!r}, now {after[name]!r}" for name in before if before[name] != after[name]]


def changed_standards(sessions: Sequence[Session]) -> list[str]:
    """Tells, by product, what its parts are judged by that changed from one start of a run to the next."""
    return [
        f"{product} is judged by other standards since {after.started[:16].replace('T', ' ')} UTC: {', '.join(told)}"
        for before, after in pairwise(one for one in sessions if one.standards)
        for product in after.standards
        if (
            told := changes(before.standards.get(product, after.standards[product]), after.standards[product])
        )
    ]


def run_in_words(record: RunRecord, folder: Path) -> str:
    """Says what a run holds, on one line."""

    def counted(labels: dict[str, int]) -> str:
        return ", ".join(f"{labels.get(label, 0)} {label}" for label in reversed(WORST_FIRST))

    words = f"{folder}: {record.photographs} inspected: {counted(record.labels)}"
    if record.unreadable:
        words += f"; {record.unreadable} of them cannot be read"
    if record.settings.part_id is not None:
        words += f". {sum(record.parts.values())} parts: {counted(record.parts)}"
    return words


def read_record(folder: Path) -> RunRecord:
    """Reads ``run.json``.

    Raises:
        RunError: There is no run in the folder, or it cannot be read.
    """
    try:
        return RunRecord.model_validate(parse_json(read_text(folder / RUN, MAX_RECORD_BYTES)))
    except OSError as error:
        raise RunError(
            f"{folder} holds no run ({error.strerror}): name a folder that echo-agent inspect --out wrote"
        ) from error
    except ValueError as error:
        raise RunError(
            f"{folder / RUN} is damaged, or was written by another version of Echo: name another folder"
        ) from error


def read_fields(folder: Path) -> Iterator[dict[str, Any]]:
    """Reads the lines of a run as they are, one at a time; a last line that is not finished does not count.

    Raises:
        RunError: A line cannot be read.
    """
    file = folder / VERDICTS
    number = 0
    try:
        with file.open("rb") as stream:
            for line in stream:
                number += 1
                if line.endswith(b"\n"):
                    fields = parse_json(line.decode())
                    if not isinstance(fields, dict):
                        raise ValueError("it is no object")
                    yield fields
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise RunError(f"{file}:{number} is no line of a run: restore it, or choose another --out") from error


def read_lines(folder: Path) -> Iterator[Line]:
    """Reads the lines of a run, one at a time.

    Raises:
        RunError: A line cannot be read.
    """
    for number, fields in enumerate(read_fields(folder), start=1):
        try:
            yield Line.from_fields(fields)
        except ValidationError as error:
            raise RunError(
                f"{folder / VERDICTS}:{number} was written by another version of Echo: name another run"
            ) from error


def cut_unfinished(file: Path) -> None:
    """Takes away what stands behind the last end of a line."""
    if not file.exists():
        return
    with file.open("r+b") as stream:
        end = stream.seek(0, os.SEEK_END)
        start = end
        while start > 0:
            start = max(0, start - 65536)
            stream.seek(start)
            found = stream.read(min(65536, end - start)).rfind(b"\n")
            if found >= 0:
                stream.truncate(start + found + 1)
                return
        stream.truncate(0)


def now() -> str:
    """The time in ISO 8601, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _flat(settings: RunSettings) -> dict[str, Any]:
    fields = settings.model_dump(mode="json")
    return {**{name: fields[name] for name in fields if name != "context"}, **fields["context"]}
