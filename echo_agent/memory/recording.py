"""The record of an inspection, written in one place, whichever way in the photograph came."""

import logging
from functools import cache
from pathlib import Path

from echo_agent.errors import ImageError
from echo_agent.memory.inspections import InspectionRecord
from echo_agent.memory.memory import Memory
from echo_agent.memory.provenance import Provenance
from echo_agent.state import ImageRef, Verdict

LOG = logging.getLogger(__name__)


def record_inspection(
    memory: Memory,
    image: ImageRef,
    verdict: Verdict,
    name: str | None = None,
    made: Provenance | None = None,
) -> InspectionRecord | None:
    """Keeps an inspection among the memory's records; one that is ``review`` waits for a person.

    What waits is copied into the memory's folder, so that it can still be looked at when its file was moved.

    Args:
        memory: The memory.
        image: The photograph.
        verdict: What Echo said.
        name: What the photograph is called by those who took it: its file, or a part number. The name of its file
            where not given, unless that is its digest.
        made: What it was made with.

    Returns:
        The record; None where the memory cannot be written, which is told once a process.

    Raises:
        StoreError: The record cannot be written, though the memory's folder can.
    """
    if not memory.is_writable:
        _tell_once(memory.folder)
        return None
    file = Path(image.uri)
    name = name or (None if file.stem == image.sha256 else file.name)
    if verdict.label == "review":
        try:
            image = memory.keep(image)
        except ImageError as error:
            LOG.warning("the photograph of a part that waits for a person is not kept: %s", error)
    return memory.inspections.add(image, verdict, name, made)


@cache
def _tell_once(folder: Path) -> None:
    LOG.warning("the memory in %s cannot be written: what is inspected leaves no record", folder)
