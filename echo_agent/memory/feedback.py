"""What people said of inspections: kept in the memory, learnt from where they wish, and taken back."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from echo_agent.errors import ProductError, StoreError
from echo_agent.memory.memory import Memory
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


def remember(
    memory: Memory, product: str | None, image: ImageRef, proposed: Label, answer: HumanAnswer
) -> Feedback:
    """Records an answer; with ``answer.remember`` the memory learns it.

    A confirmed-good part becomes a reference (a new version, calibrated anew), a confirmed defect an exemplar.

    Args:
        memory: The memory.
        product: The product.
        image: The photograph.
        proposed: What Echo had proposed.
        answer: What the person said.

    Raises:
        ProductError: It shall be learnt, but the product or the label is unknown.
        StoreError: The memory cannot be written.
    """
    label = answer.label or proposed
    learnt = None
    if answer.remember and answer.action != "photo":
        if product is None:
            raise ProductError(
                "the product of this part is unknown: name it, so that the memory can learn it"
            )
        if label == "review":
            raise ProductError("'review' is nothing to learn: say whether the part is normal or defective")
        learnt = "exemplar"
        if label == "normal":
            known = {kept.sha256 for kept in memory.product(product).references}
            learnt = None if image.sha256 in known else "reference"
            if learnt is not None:
                memory.add_references(product, [image.uri])
    said = Feedback(
        id=uuid.uuid4().hex[:12],
        product=product,
        image=image,
        proposed=proposed,
        answer=answer,
        learnt=learnt,
    )
    _change(memory.folder, [*_checked(memory.folder), said])
    return said


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def recorded(memory: Memory, product: str | None = None) -> list[Feedback]:
    """All answers, oldest first; of one product where it is named."""
    return [said for said in _checked(memory.folder) if product is None or said.product == product]


def exemplars(memory: Memory, product: str) -> list[Feedback]:
    """The confirmed defects of a product, newest first."""
    found = [said for said in recorded(memory, product) if said.learnt == "exemplar" and said.undone is None]
    return found[::-1]


def undo(memory: Memory, feedback_id: str | None = None) -> Feedback:
    """Takes an answer back, with what the memory learnt from it.

    Args:
        memory: The memory.
        feedback_id: Its id; the newest one that stands where not given.

    Raises:
        StoreError: There is no such answer, or it was taken back before.
    """
    answers = _checked(memory.folder)
    standing = [said for said in answers if said.undone is None and feedback_id in {None, said.id}]
    if not standing:
        raise StoreError(
            f"there is no standing answer {feedback_id or ''}: echo-agent feedback --list shows them".replace(
                "  ", " "
            )
        )
    chosen = standing[-1]
    if chosen.learnt == "reference" and chosen.product is not None:
        memory.remove_references(chosen.product, [chosen.image.sha256])
    back = chosen.model_copy(update={"undone": now()})
    _change(memory.folder, [back if said.id == back.id else said for said in _checked(memory.folder)])
    return back


def _checked(folder: Path) -> list[Feedback]:
    file = folder / FILE_NAME
    if not file.is_file():
        return []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        return [Feedback.model_validate_json(line) for line in lines if line.strip()]
    except (OSError, ValidationError) as error:
        raise StoreError(f"{file} cannot be read as people's answers: restore it or move it away") from error


def _change(folder: Path, answers: list[Feedback]) -> None:
    file = folder / FILE_NAME
    fresh = folder / f".{FILE_NAME}.new"
    try:
        with FileLock(folder / ".feedback.lock"):
            fresh.write_text("".join(said.model_dump_json() + "\n" for said in answers), encoding="utf-8")
            fresh.replace(file)
    except OSError as error:
        raise StoreError(f"{file} cannot be written ({error.strerror}): check the folder's rights") from error
