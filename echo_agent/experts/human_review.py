"""Human review: interrupts the run and waits for what a person says of the part."""

from typing import Any, Literal

from langgraph.types import interrupt
from pydantic import BaseModel, ConfigDict, Field, RootModel

from echo_agent.errors import ImageError
from echo_agent.memory.answers import now
from echo_agent.memory.feedback import remember
from echo_agent.memory.memory import Memory
from echo_agent.resources import Resources
from echo_agent.state import Attempt, HumanAnswer, Label, State, flat_attempt

TASK = "judge_part"
QUESTION = "Is this part normal or defective?"


class AgentChatAnswer(BaseModel):
    """What the buttons of agent-chat-ui send: accept, edit (the arguments corrected), respond in words, or ignore."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["accept", "edit", "response", "ignore"]
    args: str | dict[str, Any] | None = None


Answered = HumanAnswer | AgentChatAnswer | list[AgentChatAnswer]


class ReviewAnswer(RootModel[Answered]):
    """A person's answer: accept, correct or photo; or what agent-chat-ui's buttons send."""

    root: Answered = Field(union_mode="left_to_right")

    def human(self) -> HumanAnswer:
        """Returns the answer in Echo's own form; "ignore" and words ask for another photograph with that comment."""
        given = self.root
        if isinstance(given, list):
            given = given[0] if given else AgentChatAnswer(type="ignore")
        if isinstance(given, HumanAnswer):
            return given
        if given.type in {"accept", "edit"}:
            arguments = given.args.get("args", given.args) if isinstance(given.args, dict) else {}
            known = {
                key: value for key, value in arguments.items() if key in HumanAnswer.model_fields and value
            }
            known["action"] = "accept" if given.type == "accept" else "correct"
            return HumanAnswer.model_validate(known)
        return HumanAnswer(action="photo", comment=given.args if isinstance(given.args, str) else "")


def human_review(state: State, resources: Resources) -> dict[str, Any]:
    """Asks a person; the run goes on with the answer, which the memory keeps. Needs a checkpointer.

    Raises:
        ImageError: There is no image in the state.
    """
    if state.image is None:
        raise ImageError("no image was given: put an ImageRef into the state, or use Inspector.inspect")
    request = review_request(state, resources.memory)
    answer = ReviewAnswer.model_validate(interrupt(request, response_schema=ReviewAnswer)).human()
    answer = answer.model_copy(update={"when": answer.when or now()})
    product = state.reference.product if state.reference is not None else None
    remember(resources.memory, product, state.image, proposed_label(state.attempts[-1]), answer)
    return {"human": answer}


def review_request(state: State, memory: Memory) -> dict[str, Any]:
    """What a person is shown: picture, map, both sides, and the allowed answers.

    Returns:
        A request in the form of agent-chat-ui (``action_request``, ``config``, ``description``), with Echo's own
        fields beside it.
    """
    last, evidence = state.attempts[-1], state.reference
    proposed = proposed_label(last)
    shown = ("confidence", "label", "number", "reasons")
    reasons = [reason.text for reason in last.reasons]
    image = state.image.uri if state.image is not None else None
    label = "normal" if proposed == "normal" else "defective"
    return {
        "action_request": {
            "action": TASK,
            "args": {"label": label, "defect_type": last.defect_type or "", "who": ""},
        },
        "config": dict.fromkeys(("allow_accept", "allow_edit", "allow_respond", "allow_ignore"), True),
        "description": "\n".join([QUESTION, f"Photograph: {image}", *reasons]),
        "question": QUESTION,
        "image": image,
        "map_id": evidence.map_id if evidence is not None else None,
        "memory": str(memory.folder),
        "product": evidence.product if evidence is not None else None,
        "proposed": proposed,
        "confidence": last.confidence,
        "regions": [region.model_dump() for region in evidence.regions] if evidence is not None else [],
        "sides": [
            {name: value for name, value in flat_attempt(attempt).items() if name in shown}
            for attempt in state.attempts
        ],
        "answers": ["accept", "correct", "photo"],
    }


def proposed_label(attempt: Attempt) -> Label:
    """The label that a person may accept: of an undecided attempt the likelier one, where there is one."""
    if attempt.label != "review" or not attempt.probabilities:
        return attempt.label
    return "defective" if attempt.probabilities.get("defective", 0.0) >= 0.5 else "normal"
