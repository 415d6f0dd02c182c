"""Human review: interrupts the run and waits for what a person says of the part."""

import re
from typing import Any, Literal

from langgraph.types import interrupt
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from echo_agent.answers.polarity import read_statement
from echo_agent.decision.final import proposed_label
from echo_agent.decision.standards import changes, standards
from echo_agent.errors import ImageError, InputError
from echo_agent.memory.answers import now
from echo_agent.memory.feedback import remember
from echo_agent.memory.memory import Memory
from echo_agent.resources import Resources
from echo_agent.state import HumanAnswer, Reason, State, flat_attempt

TASK = "judge_part"
QUESTION = "Is this part normal or defective?"


PHOTO = re.compile(r"\b(?:photo\w*|picture|image|blurr?\w*|again)\b")
"""Words by which a person asks for another photograph."""

NOT_UNDERSTOOD = (
    "That answer is not understood: say normal or defective, ask for another photo, or give "
    '{"action": "accept"}, {"action": "correct", "label": "normal" or "defective"} or {"action": "photo"}.'
)


class AgentChatAnswer(BaseModel):
    """What the buttons of agent-chat-ui send: accept, edit (the arguments corrected), respond in words, or ignore."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["accept", "edit", "response", "ignore"]
    args: str | dict[str, Any] | None = None


class ReviewAnswer(RootModel[HumanAnswer | AgentChatAnswer | list[AgentChatAnswer] | str]):
    """A person's answer: accept, correct or photo; what agent-chat-ui's buttons send; or words."""

    root: HumanAnswer | AgentChatAnswer | list[AgentChatAnswer] | str = Field(union_mode="left_to_right")


def human_review(state: State, resources: Resources) -> dict[str, Any]:
    """Asks a person; the run goes on with the answer, which the memory keeps. Needs a checkpointer.

    An answer that is not understood is told so in a further interrupt, which has an id of its own: an answer to the one
    before does not count for it.

    Raises:
        ImageError: There is no image in the state.
    """
    if state.image is None:
        raise ImageError("no image was given: put an ImageRef into the state, or use Inspector.inspect")
    request, answer = review_request(state, resources.memory), None
    while answer is None:
        try:
            answer = read_answer(interrupt(request, response_schema=ReviewAnswer.model_json_schema()))
        except InputError as error:
            told = str(error)
            request = {
                **request, "refused": told, "description": f"{told}\n{review_description(state)}"
            }  # fmt: skip
    answer = answer.model_copy(update={"when": answer.when or now()})
    product = state.reference.product if state.reference is not None else None
    last = state.attempts[-1]
    changed = changes(state.standards, standards(resources, product)) if product and state.standards else []
    proposed = proposed_label(last)
    remember(resources.memory, product, state.image, proposed, answer, name=state.name)
    if changed:
        told = f"What this part was judged by has changed since: {'; '.join(changed)}."
        last = last.model_copy(update={"reasons": (*last.reasons, Reason(kind="other standards", text=told))})
    return {"human": answer, "attempts": (*state.attempts[:-1], last)}


def read_answer(given: object) -> HumanAnswer:
    """Reads what a person answered, in one of the forms of ``ReviewAnswer``; "ignore" asks for another photograph.

    Raises:
        InputError: It is none of them, or its words are not surely understood.
    """
    try:
        said = ReviewAnswer.model_validate(given).root
    except ValidationError as error:
        raise InputError(NOT_UNDERSTOOD) from error
    if isinstance(said, list):
        said = said[0] if said else AgentChatAnswer(type="ignore")
    if isinstance(said, HumanAnswer):
        return said
    if isinstance(said, str):
        return _in_words(said)
    if said.type == "response":
        return _in_words(said.args if isinstance(said.args, str) else "")
    if said.type == "ignore":
        return HumanAnswer(action="photo")
    arguments = said.args.get("args", said.args) if isinstance(said.args, dict) else {}
    known = {key: value for key, value in arguments.items() if key in HumanAnswer.model_fields and value}
    known["action"] = "accept" if said.type == "accept" else "correct"
    try:
        return HumanAnswer.model_validate(known)
    except ValidationError as error:
        raise InputError(NOT_UNDERSTOOD) from error


def _in_words(text: str) -> HumanAnswer:
    """Reads a free text: which of both the part is, or that another photograph is needed."""
    statement, plain = read_statement(text), text.casefold()
    if PHOTO.search(plain):
        return HumanAnswer(action="photo", comment=text)
    bare = statement.particle is not None or "?" in text or plain.strip(" .!") == "accept"
    if not statement.clear or statement.said is None or bare:
        raise InputError(NOT_UNDERSTOOD)
    return HumanAnswer(action="correct", label=statement.said.side, comment=text)


def review_request(state: State, memory: Memory) -> dict[str, Any]:
    """What a person is shown: picture, map, both sides, and the allowed answers.

    Returns:
        A request in the form of agent-chat-ui (``action_request``, ``config``, ``description``), with Echo's own
        fields beside it.
    """
    last, evidence = state.attempts[-1], state.reference
    proposed = proposed_label(last)
    shown = ("confidence", "confidence_calibrated", "label", "number", "reasons")
    image = state.image.uri if state.image is not None else None
    label = "normal" if proposed == "normal" else "defective"
    return {
        "action_request": {
            "action": TASK,
            "args": {"label": label, "defect_type": last.defect_type or "", "who": ""},
        },
        "config": dict.fromkeys(("allow_accept", "allow_edit", "allow_respond", "allow_ignore"), True),
        "description": review_description(state),
        "question": QUESTION,
        "image": image,
        "map_id": evidence.map_id if evidence is not None else None,
        "memory": str(memory.folder),
        "product": evidence.product if evidence is not None else None,
        "proposed": proposed,
        "confidence": last.confidence,
        "confidence_calibrated": last.confidence_calibrated,
        "regions": [region.model_dump() for region in evidence.regions] if evidence is not None else [],
        "sides": [
            {name: value for name, value in flat_attempt(attempt).items() if name in shown}
            for attempt in state.attempts
        ],
        "answers": ["accept", "correct", "photo"],
        "inspection": state.record_id,
    }


def review_description(state: State) -> str:
    """The question, the photograph and what was found, as a person reads it."""
    image = state.image.uri if state.image is not None else None
    reasons = [reason.text for reason in state.attempts[-1].reasons]
    return "\n".join([QUESTION, f"Photograph: {image}", *reasons])
