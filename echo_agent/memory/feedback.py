"""What the memory makes of people's answers: it records them, learns where they wish, and takes it back."""

import uuid

from echo_agent.errors import ProductError, StoreError
from echo_agent.memory.answers import Feedback, change_answers, confirmed_defects, now, read_answers
from echo_agent.memory.memory import Memory
from echo_agent.state import HumanAnswer, ImageRef, Label


def remember(
    memory: Memory, product: str | None, image: ImageRef, proposed: Label, answer: HumanAnswer
) -> Feedback:
    """Records an answer; with ``answer.remember`` the memory learns it.

    A confirmed-good part becomes a reference (a new version, calibrated anew), a confirmed defect an exemplar, which
    later verdicts on parts that resemble it show.

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
        record = memory.product(product)
        learnt = "exemplar"
        if label == "normal":
            known = {kept.sha256 for kept in record.references}
            learnt = None if image.sha256 in known else "reference"
        if learnt == "reference":
            memory.add_references(product, [image.uri])
        else:
            image = memory.keep(image)
    said = Feedback(
        id=uuid.uuid4().hex[:12],
        product=product,
        image=image,
        proposed=proposed,
        answer=answer,
        learnt=learnt,
    )
    change_answers(memory.folder, lambda answers: [*answers, said])
    return said


def recorded(memory: Memory, product: str | None = None) -> list[Feedback]:
    """All answers, oldest first; of one product where it is named."""
    return [said for said in read_answers(memory.folder) if product is None or said.product == product]


def exemplars(memory: Memory, product: str) -> list[Feedback]:
    """The confirmed defects of a product, newest first."""
    return confirmed_defects(read_answers(memory.folder), product)


def undo(memory: Memory, feedback_id: str | None = None) -> Feedback:
    """Takes an answer back, with what the memory learnt from it.

    Args:
        memory: The memory.
        feedback_id: Its id; the newest one that stands where not given.

    Raises:
        StoreError: There is no such answer, or it was taken back before.
    """
    answers = read_answers(memory.folder)
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
    change_answers(memory.folder, lambda known: [back if said.id == back.id else said for said in known])
    return back
