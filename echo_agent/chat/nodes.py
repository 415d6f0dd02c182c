"""The nodes of the conversation: take a turn in, inspect a new photograph, answer."""

import re
from collections.abc import Sequence

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage

from echo_agent.answers.inspected import Inspected
from echo_agent.answers.question import classify, split_options
from echo_agent.answers.verdict import verdict_text
from echo_agent.chat.model_answer import answer_by_model
from echo_agent.chat.state import ChatState
from echo_agent.decision.answering import answer_from_evidence
from echo_agent.errors import EchoError, ImageError
from echo_agent.experts.intake import store_source
from echo_agent.graph import InspectionGraph, Update
from echo_agent.images.message_blocks import ImageSource, kept_message, take_apart
from echo_agent.resources import Resources
from echo_agent.state import Answer, ImageRef, Question, State, Verdict

NO_PHOTOGRAPH = (
    "There is no photograph to talk about yet. Send one of the part, and ask then: where, how big, compared with the "
    "reference, within tolerance, what if the limit were 3 mm, why, how sure."
)

NOT_IN_THE_LAST_MESSAGE = (
    "A photograph came in another message than the last one, and was not looked at: send it again in one message, with "
    "the question or alone."
)

_DATA_URL = re.compile(r"data:\S+")

NOTHING_LEFT: Update = {"image": None, "verdict": None}
"""After a photograph that was refused: what is asked next is not answered about the part before it."""


def turn_intake(state: ChatState, resources: Resources) -> Update:
    """Takes the last message in: stores its photograph and clears what the one before left.

    A photograph in another message that was never taken in, because several messages came at once or an earlier one
    was replaced, is refused: what is asked would be answered about the part before it.
    """
    unread = _unread(state)
    if unread:
        return {**_refused(NOT_IN_THE_LAST_MESSAGE, *map(_without_image, unread)), **NOTHING_LEFT}
    return _last_message(state, resources)


def _last_message(state: ChatState, resources: Resources) -> Update:
    message = state.messages[-1] if state.messages else None
    if not isinstance(message, HumanMessage):
        return _refused("Nothing was asked: send a photograph or a question.")
    try:
        parts = take_apart(message.content)
    except EchoError as error:
        left = {} if _is_text(message) else NOTHING_LEFT
        return {**_refused(_in_words(error), _without_image(message)), **left}
    try:
        if len(parts.images) > 1:
            raise ImageError(f"{len(parts.images)} photographs came at once: send one at a time")
        image = store_source(parts.images[0], resources, state.product) if parts.images else None
    except EchoError as error:
        return {**_refused(_in_words(error), _without_image(message)), **NOTHING_LEFT}
    question = split_options(Question(text=parts.text)) if parts.text else None
    if image is not None:
        return {
            "messages": [kept_message(parts.text, image.sha256, parts.images[0].name, message.id)],
            "turn": "new image",
            "image": image,
            "name": parts.images[0].name,
            "question": question,
            "verdict": None,
        }
    if question is None:
        return _refused("The message is empty: send a photograph or a question.")
    return _question_turn(state, question)


def _question_turn(state: ChatState, question: Question) -> Update:
    """A turn without a photograph; where the one before was cut off before its verdict, it is inspected now."""
    if state.image is None:
        return {**_refused(NO_PHOTOGRAPH), "question": question}
    return {"turn": "question" if state.verdict is not None else "new image", "question": question}


def inspection(state: ChatState, resources: Resources, graph: InspectionGraph) -> Update:
    """Sends the photograph through the inspection graph, and says the verdict of a new one."""
    try:
        question = state.question if _decided_in_the_inspection(state, resources) else None
        asked = State(image=state.image, name=state.name, product=state.product, question=question)
        is_new = state.turn == "new image"
        run = resources.context.model_copy(update={"record": resources.context.record and is_new})
        found = graph.invoke(asked, context=run)
        verdict = Verdict.model_validate(found["verdict"])
        if not is_new or state.image is None:
            return {"verdict": verdict}
        told = [verdict_text(verdict)]
    except EchoError as error:
        return {**NOTHING_LEFT, **_refused(_in_words(error))}
    if verdict.human is not None and verdict.human.action == "photo":
        told.append("Please send another photograph of this part.")
    return {"verdict": verdict, "messages": [AIMessage("\n\n".join(told))]}


def answer(state: ChatState, resources: Resources) -> Update:
    """Answers what was asked; an MLLM's tokens go to the run's stream as they come."""
    if state.verdict is None or state.image is None or state.question is None:
        return {}
    try:
        return {"messages": [_reply(state.question, state.verdict, state.image, state, resources)]}
    except EchoError as error:
        return {"messages": [AIMessage(_in_words(error))]}


def is_answered(state: ChatState, resources: Resources) -> bool:
    """Whether the verdict of a new photograph says all that was asked."""
    question = state.question
    if question is None:
        return True
    return resources.decider is None and not question.options and classify(question).intent == "verdict"


def _reply(
    question: Question, verdict: Verdict, image: ImageRef, state: ChatState, resources: Resources
) -> AIMessage:
    given = verdict.answer
    by_model = verdict.decided_by.name != "measured"
    if by_model and question.options and given is not None and not given.declined:
        return _message(given)
    model = resources.chat_model
    if model is None or question.options:
        return _message(answer_from_evidence(question, verdict, image, resources.context, resources.memory))
    earlier = _before_this_turn(state)
    return answer_by_model(model, question, Inspected(verdict, image), earlier, resources.max_pixels)


def _decided_in_the_inspection(state: ChatState, resources: Resources) -> bool:
    """Whether the question goes with the photograph: a free one to an MLLM is answered, and streamed, afterwards."""
    return resources.decider is None or scores_choices(state, resources)


def _message(answer: Answer) -> AIMessage:
    return AIMessage(answer.text, additional_kwargs={"answer": answer.model_dump(mode="json")})


def _before_this_turn(state: ChatState) -> Sequence[AnyMessage]:
    """The messages before the person's last one."""
    last = max(at for at, message in enumerate(state.messages) if isinstance(message, HumanMessage))
    return state.messages[:last]


def scores_choices(state: ChatState, resources: Resources) -> bool:
    """Whether the Decision Maker's MLLM shall score the options of a question, which is an inspection of its own."""
    return bool(state.question is not None and state.question.options) and resources.decider is not None


def _refused(text: str, *messages: BaseMessage) -> Update:
    return {"turn": "refused", "messages": [*messages, AIMessage(text)]}


def _in_words(error: EchoError) -> str:
    text = " ".join(str(error).split())
    return f"{text[:1].upper()}{text[1:]}."


def _unread(state: ChatState) -> list[AnyMessage]:
    """A person's messages before the last one with a photograph that was never taken in.

    They have its pixels still; or no answer followed, and it is not the one that is talked about.
    """
    shown = state.image.sha256 if state.image is not None else None
    answered = max(
        (at for at, one in enumerate(state.messages) if not isinstance(one, HumanMessage)), default=-1
    )
    return [
        message
        for at, message in enumerate(state.messages[:-1])
        if isinstance(message, HumanMessage)
        and (
            (found := _photographs(message)) is None
            or any(one.kind == "base64" or (at > answered and one.value != shown) for one in found)
        )
    ]


def _photographs(message: HumanMessage) -> Sequence[ImageSource] | None:
    """The photographs of a message; None where it has one that cannot be read: what was refused has none any more."""
    try:
        return take_apart(message.content).images
    except EchoError:
        return () if _is_text(message) else None


def _is_text(message: HumanMessage) -> bool:
    content = message.content
    return isinstance(content, str) or all(
        isinstance(block, str) or block.get("type") == "text" for block in content
    )


def _without_image(message: BaseMessage) -> HumanMessage:
    text = _DATA_URL.sub("", message.content if isinstance(message.content, str) else str(message.text))
    return HumanMessage(content=text[:200] or "(a photograph that was refused)", id=message.id)
