"""Statements of the checklist that could not be counted, asked of the MLLM as closed questions."""

from PIL import Image

from echo_agent.decision.show import cut
from echo_agent.errors import ModelServerError, NoAnswerError
from echo_agent.images.decoding import load_image
from echo_agent.knowledge.checklist import answered, closed_question
from echo_agent.memory.memory import Memory
from echo_agent.mllm.case import Case, Crop
from echo_agent.mllm.decider import DecisionMaker
from echo_agent.resources import Resources
from echo_agent.state import Box, ChecklistFinding, ImageRef, KnowledgeEvidence, State

ORDERS = 2
"""Orders of yes and no in which each statement is asked."""

MAX_ASKED = 8
"""Statements that are asked of one photograph at most: each costs as much as a decision."""


def answer_checklist(
    state: State, knowledge: KnowledgeEvidence, decider: DecisionMaker, resources: Resources
) -> KnowledgeEvidence:
    """Asks the model about each statement that was not counted, with a crop of its places where they are known.

    An answer below ``Strictness.min_confidence``, one that cannot be read and one that is late are "undetermined".

    Returns:
        The domain knowledge's evidence with the answers.

    Raises:
        ModelServerError: The model's server cannot be reached or failed, which may pass.
        ModelError: The model is missing or misconfigured.
    """
    untold = [finding for finding in knowledge.checklist if finding.holds is None][:MAX_ASKED]
    asked = {finding.id: _ask(finding, state, decider, resources) for finding in untold}
    checklist = tuple(asked.get(finding.id, finding) for finding in knowledge.checklist)
    return knowledge.model_copy(update={"checklist": checklist})


def left_open(knowledge: KnowledgeEvidence, by: str, error: NoAnswerError) -> KnowledgeEvidence:
    """The domain knowledge's evidence with all that was not counted left open, and the cause."""
    checklist = tuple(
        answered(finding, None, by, why=_no_answer(error)) if finding.holds is None else finding
        for finding in knowledge.checklist
    )
    return knowledge.model_copy(update={"checklist": checklist})


def _no_answer(error: NoAnswerError) -> str:
    return f"it gave no answer: {error}"


def _ask(
    finding: ChecklistFinding, state: State, decider: DecisionMaker, resources: Resources
) -> ChecklistFinding:
    if state.image is None:
        return finding
    nearest = state.reference.references[:1] if state.reference is not None else ()
    reference = nearest[0].image if nearest else None
    case = Case(
        image=state.image,
        references=(reference,) if reference is not None else (),
        crops=_crops(finding, state.image, reference, resources.memory),
        question=closed_question(finding.statement),
        orders=ORDERS,
    )
    by = decider.decided_by().model
    try:
        answer = decider.answer(case)
    except ModelServerError:
        raise
    except NoAnswerError as error:
        return answered(finding, None, by, why=_no_answer(error))
    if answer.confidence is None or answer.confidence < state.strictness.min_confidence:
        return answered(finding, None, by, why="it is not sure")
    return answered(finding, answer.letter, by)


def _crops(
    finding: ChecklistFinding, image: ImageRef, reference: ImageRef | None, memory: Memory
) -> tuple[Crop, ...]:
    """The untold places of a statement in one crop, beside the same place of the nearest reference."""
    boxes = [place.box for place in finding.places if place.box is not None and place.presence != "present"]
    if not boxes:
        return ()
    around = Box(
        left=min(box.left for box in boxes),
        top=min(box.top for box in boxes),
        right=max(box.right for box in boxes),
        bottom=max(box.bottom for box in boxes),
    )
    size = (image.width, image.height)

    def enlarged(photograph: Image.Image) -> ImageRef:
        return memory.store_image(cut(photograph, around, size))

    return (
        Crop(
            region=finding.id,
            query=enlarged(load_image(image.uri)),
            reference=enlarged(load_image(reference.uri)) if reference is not None else None,
        ),
    )
