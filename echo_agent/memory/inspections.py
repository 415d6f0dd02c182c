"""Records of inspections on disk, and which of them wait for a person."""

import uuid
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from echo_agent.errors import StoreError
from echo_agent.files import replacing
from echo_agent.memory.answers import now, read_answers
from echo_agent.state import ImageRef, Verdict

FOLDER = "inspections"
CACHED = 2048


class InspectionRecord(BaseModel):
    """One inspection.

    Attributes:
        id: Its name; names sort by time.
        when: Time in ISO 8601.
        image: The photograph.
        verdict: What Echo said.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    when: str
    image: ImageRef
    verdict: Verdict


def record_inspection(folder: Path, image: ImageRef, verdict: Verdict) -> InspectionRecord:
    """Keeps an inspection in a memory's folder, in one step.

    Raises:
        StoreError: The folder cannot be written.
    """
    when = now()
    stamp = when[:19].replace(":", "").replace("-", "")
    place = folder / FOLDER
    number = 0
    while list(place.glob(f"{stamp}-{number:04d}-*")):
        number += 1
    record = InspectionRecord(
        id=f"{stamp}-{number:04d}-{uuid.uuid4().hex[:8]}", when=when, image=image, verdict=verdict
    )
    try:
        place.mkdir(parents=True, exist_ok=True)
        with replacing(place / f"{record.id}.json") as stream:
            stream.write(record.model_dump_json().encode())
    except OSError as error:
        raise StoreError(
            f"{place} cannot be written ({error.strerror}): check the folder's rights"
        ) from error
    return record


def inspections(folder: Path) -> list[InspectionRecord]:
    """The inspections that a memory's folder holds, newest first.

    Raises:
        StoreError: A record cannot be read.
    """
    records = (_read(file) for file in sorted((folder / FOLDER).glob("*.json"), reverse=True))
    return [record for record in records if record is not None]


def waiting(folder: Path) -> list[InspectionRecord]:
    """The inspections that wait for a person, oldest first.

    Of each photograph the last inspection counts. It waits where its verdict is ``review`` and nobody has said since
    what the part is; an answer that is taken back lets it wait again.
    """
    answered: dict[str, str] = {}
    for said in read_answers(folder):
        if said.undone is None:
            answered[said.image.sha256] = max(said.answer.when, answered.get(said.image.sha256, ""))
    latest: dict[str, InspectionRecord] = {}
    for record in inspections(folder):
        latest.setdefault(record.image.sha256, record)
    return [
        record
        for record in reversed(latest.values())
        if record.verdict.label == "review" and answered.get(record.image.sha256, "") < record.when
    ]


def _read(file: Path) -> InspectionRecord | None:
    """Reads a record; None where another process has removed it meanwhile."""
    try:
        return _parsed(file)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=CACHED)
def _parsed(file: Path) -> InspectionRecord:
    """Records are never changed, so each is parsed once."""
    try:
        return InspectionRecord.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise StoreError(f"{file} cannot be read as an inspection: move it away") from error
