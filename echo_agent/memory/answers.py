"""What people said of inspections, on disk: one line an answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from echo_agent.errors import StoreError
from echo_agent.files import replacing
from echo_agent.state import HumanAnswer, ImageRef, Label

FILE_NAME = "feedback.jsonl"


class Feedback(BaseModel):
    """One answer of a person.

    Attributes:
        id: Its name, for taking it back.
        product: The product; None where it was unknown.
        image: The photograph.
        proposed: What Echo had proposed.
        answer: What the person said, with who and when.
        learnt: What the memory made of it: a ``reference``, an ``exemplar`` of a defect, or nothing.
        undone: When it was taken back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    product: str | None
    image: ImageRef
    proposed: Label
    answer: HumanAnswer
    learnt: str | None = None
    undone: str | None = None

    @property
    def label(self) -> Label:
        """What the part is, as the person said."""
        return self.answer.label or self.proposed


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_answers(folder: Path) -> list[Feedback]:
    """All answers that a memory's folder holds, oldest first.

    Raises:
        StoreError: They cannot be read.
    """
    file = folder / FILE_NAME
    try:
        state = file.stat()
    except FileNotFoundError:
        return []
    return list(_parsed(file, state.st_ino, state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=8)
def _parsed(file: Path, _inode: int, _changed: int, _size: int) -> tuple[Feedback, ...]:
    """Each change makes a new file, so what was read of one state of it holds."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        return tuple(Feedback.model_validate_json(line) for line in lines if line.strip())
    except (OSError, ValidationError) as error:
        raise StoreError(f"{file} cannot be read as people's answers: restore it or move it away") from error


def change_answers(folder: Path, change: Callable[[list[Feedback]], list[Feedback]]) -> None:
    """Replaces the answers by changed ones, in one step; writers wait for each other.

    Raises:
        StoreError: They cannot be read or written.
    """
    file = folder / FILE_NAME
    try:
        with FileLock(folder / ".feedback.lock"):
            answers = change(read_answers(folder))
            with replacing(file) as stream:
                stream.writelines(f"{said.model_dump_json()}\n".encode() for said in answers)
    except OSError as error:
        raise StoreError(f"{file} cannot be written ({error.strerror}): check the folder's rights") from error


def confirmed_defects(answers: list[Feedback], product: str | None = None) -> list[Feedback]:
    """The defects that the memory learnt, newest first; of an image that was judged again the last answer counts."""
    latest = {
        (said.product, said.image.sha256): said
        for said in answers
        if said.learnt is not None and said.undone is None and product in {None, said.product}
    }
    return [said for said in latest.values() if said.learnt == "exemplar"][::-1]
