"""What the memory makes of people's answers: it records them, learns where they wish, and takes it back."""

import uuid
from functools import partial

from echo_agent.errors import ProductError, StoreError
from echo_agent.memory import drafts
from echo_agent.memory.answers import Feedback, add_answer, take_answer_back
from echo_agent.memory.memory import Memory
from echo_agent.names import spelled
from echo_agent.state import HumanAnswer, ImageRef, Label


def remember(
    memory: Memory,
    product: str | None,
    image: ImageRef,
    proposed: Label,
    answer: HumanAnswer,
    *,
    name: str | None = None,
) -> Feedback:
    """Records an answer; with ``answer.remember`` the memory learns it, in the same transaction.

    A confirmed-good part becomes a reference (a new version, calibrated anew), a confirmed defect an exemplar, which
    later verdicts on parts that resemble it show.

    Args:
        memory: The memory.
        product: The product.
        image: The photograph.
        proposed: What Echo had proposed.
        answer: What the person said.
        name: What the photograph is called by those who took it: its file, or a part number.

    Raises:
        ProductError: It shall be learnt, but the product or the label is unknown.
        ImageError: It shall be learnt, but its file is gone or is another photograph by now.
        StoreError: The memory cannot be written; then nothing has changed.
    """
    said = Feedback(
        id=uuid.uuid4().hex[:12],
        product=None if product is None else spelled(product),
        image=image,
        name=name,
        proposed=proposed,
        answer=answer,
    )
    if not answer.remember or answer.action == "photo":
        return _written(memory, said)
    if product is None:
        raise ProductError("the product of this part is unknown: name it, so that the memory can learn it")
    if said.label == "review":
        raise ProductError("'review' is nothing to learn: say whether the part is normal or defective")
    record = memory.product(product)
    kept = said.model_copy(update={"image": memory.keep(image)})
    if said.label == "defective":
        return _written(memory, kept.model_copy(update={"learnt": "exemplar"}))
    if image.sha256 in {reference.sha256 for reference in record.references}:
        return _written(memory, kept)
    learnt = kept.model_copy(update={"learnt": "reference"})
    memory.change(
        product,
        lambda base, answers: drafts.learnt(base, answers, learnt),
        [partial(add_answer, folder=memory.folder, said=learnt)],
    )
    return learnt.model_copy(update={"in_force": True})


def recorded(memory: Memory, product: str | None = None) -> list[Feedback]:
    """All answers, oldest first; of one product where it is named."""
    return memory.answers(product)


def exemplars(memory: Memory, product: str) -> list[Feedback]:
    """The confirmed defects of a product that the memory goes by, newest first."""
    return [said for said in memory.answers(product)[::-1] if said.in_force and said.learnt == "exemplar"]


def undo(memory: Memory, feedback_id: str | None = None) -> Feedback:
    """Takes an answer back, with what the memory learnt from it, in one transaction.

    Args:
        memory: The memory.
        feedback_id: Its id; the newest one that stands where not given.

    Raises:
        StoreError: There is no such answer, or it was taken back before.
        ProductError: The product would be left without references.
    """
    standing = [said for said in memory.answers() if said.undone is None and feedback_id in {None, said.id}]
    if not standing:
        which = f" {feedback_id}" if feedback_id else ""
        raise StoreError(f"there is no standing answer{which}: echo-agent feedback --list shows them")
    chosen = standing[-1]
    back = partial(take_answer_back, answer=chosen.id)
    if chosen.in_force and chosen.learnt == "reference" and chosen.product is not None:
        memory.change(
            chosen.product,
            lambda base, answers: drafts.without(
                base,
                answers,
                {digest for digest, answer in answers.items() if answer == chosen.id},
                origin=f"answer {chosen.id} taken back",
            ),
            [back],
        )
    else:
        memory.note(back)
    return next(said for said in memory.answers() if said.id == chosen.id)


def _written(memory: Memory, said: Feedback) -> Feedback:
    memory.note(partial(add_answer, folder=memory.folder, said=said))
    return said.model_copy(update={"in_force": said.learnt is not None})
