"""What the memory makes of people's answers: it records them, learns where they wish, and takes it back."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from echo_agent.errors import ProductError, StoreError
from echo_agent.memory import drafts
from echo_agent.memory.answers import Feedback, add_answer, now, take_answer_back
from echo_agent.memory.memory import Memory
from echo_agent.names import spelled
from echo_agent.state import HumanAnswer, ImageRef, Label


@dataclass(frozen=True)
class Said:
    """What a person says of a photograph.

    Attributes:
        product: The product; None where it is unknown.
        image: The photograph.
        proposed: What Echo had proposed.
        answer: What the person says.
        name: What the photograph is called by those who took it: its file, or a part number; where not given, as its
            last inspection calls it.
    """

    product: str | None
    image: ImageRef
    proposed: Label
    answer: HumanAnswer
    name: str | None = None


def remember(
    memory: Memory,
    product: str | None,
    image: ImageRef,
    proposed: Label,
    answer: HumanAnswer,
    *,
    name: str | None = None,
) -> Feedback:
    """Records an answer, and learns it where it asks for that; see ``remember_all``."""
    return remember_all(memory, [Said(product, image, proposed, answer, name)])[0]


def remember_all(memory: Memory, said: Sequence[Said]) -> list[Feedback]:
    """Records answers; those with ``answer.remember`` are learnt, in the same transaction.

    A confirmed-good part becomes a reference, and a confirmed defect an exemplar, which later verdicts on parts that
    resemble it show. All answers on one product make one new version of it, calibrated anew. The last answer on a
    photograph counts: one that was a reference and is said to be defective is none any more.

    Args:
        memory: The memory.
        said: The answers.

    Returns:
        The answers as they are kept.

    Raises:
        ProductError: One shall be learnt, but its product or label is unknown, or no reference would be left.
        ImageError: One shall be learnt, but its photograph's file is gone or is another one by now.
        StoreError: The memory cannot be written; then nothing is recorded of the product at hand.
    """
    kept = [_checked(memory, one) for one in said]
    for product in dict.fromkeys(one.product for one in kept):
        _write(memory, product, [one for one in kept if one.product == product])
    made = {one.id for one in kept}
    by_id = {one.id: one for one in memory.answers() if one.id in made}
    return [by_id[one.id] for one in kept]


def _checked(memory: Memory, said: Said) -> Feedback:
    """The answer as it is to be kept, with what the memory learns from it."""
    answer = said.answer
    inspected = memory.inspections.find(said.image.sha256) if said.name is None else None
    one = Feedback(
        id=uuid.uuid4().hex[:12],
        product=None if said.product is None else spelled(said.product),
        image=said.image,
        name=inspected.name if inspected is not None else said.name,
        proposed=said.proposed,
        answer=answer.model_copy(update={"when": answer.when or now()}),
    )
    if not answer.remember or answer.action == "photo":
        return one
    if one.product is None:
        raise ProductError("the product of this part is unknown: name it, so that the memory can learn it")
    if one.label == "review":
        raise ProductError("'review' is nothing to learn: say whether the part is normal or defective")
    memory.product(one.product)
    learnt = "reference" if one.label == "normal" else "exemplar"
    return one.model_copy(update={"image": memory.keep(said.image), "learnt": learnt})


def _write(memory: Memory, product: str | None, said: Sequence[Feedback]) -> None:
    """Writes the answers on one product, and the version that goes by them where there is a new one."""
    last = {one.image.sha256: one for one in said if one.learnt}
    known = set() if not last or product is None else _references(memory, product)
    learnt = [one for one in last.values() if one.learnt == "exemplar" or one.image.sha256 not in known]
    ids = {one.id for one in learnt}
    kept = [one if one.id in ids else one.model_copy(update={"learnt": None}) for one in said]
    also = [partial(add_answer, folder=memory.folder, said=one) for one in kept]
    changes = any(one.learnt == "reference" or one.image.sha256 in known for one in learnt)
    if changes and product is not None:
        memory.change(product, lambda base, answers: drafts.learnt(base, answers, learnt), also)
    else:
        memory.note(*also)


def _references(memory: Memory, product: str) -> set[str]:
    return {image.sha256 for image in memory.product(product).references}


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
