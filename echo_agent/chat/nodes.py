"""The nodes of the conversation: take a turn in, inspect a new photograph, answer."""

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langgraph.runtime import Runtime

from echo_agent.chat.image_blocks import KEPT, take_apart
from echo_agent.chat.image_bytes import put_source_aside
from echo_agent.chat.measured_answer import Inspected, answer_measured
from echo_agent.chat.model_answer import answer_by_model
from echo_agent.chat.options import split_options
from echo_agent.chat.state import ChatState
from echo_agent.context import Context
from echo_agent.errors import EchoError, ImageError
from echo_agent.experts.responder import verdict_sentence
from echo_agent.experts.run import Update, context_of, memory_of
from echo_agent.graph import build_graph
from echo_agent.mllm.choice import open_chat
from echo_agent.settings import process_settings
from echo_agent.state import Answer, ImageRef, Question, State, Verdict

INSPECTION = build_graph()

NO_PHOTOGRAPH = (
    "There is no photograph to talk about yet. Send one of the part, and ask then: where, how big, compared with the "
    "reference, within tolerance, what if the limit were 3 mm, why, how sure."
)


def turn_intake(state: ChatState, runtime: Runtime[Context]) -> Update:
    """Takes the last message in: puts its photograph aside and clears what the one before left."""
    message = state.messages[-1] if state.messages else None
    if not isinstance(message, HumanMessage):
        return _refused("Nothing was asked: send a photograph or a question.")
    try:
        parts = take_apart(message.content)
        if len(parts.images) > 1:
            raise ImageError(f"{len(parts.images)} photographs came at once: send one at a time")
        image = put_source_aside(parts.images[0], memory_of(runtime)) if parts.images else None
    except EchoError as error:
        return _refused(_in_words(error), _without_image(message))
    question = split_options(Question(text=parts.text)) if parts.text else None
    if image is not None:
        return {
            "messages": [_with_kept_image(message, parts.text, image)],
            "turn": "new image",
            "image": image,
            "question": question,
            "verdict": None,
        }
    if question is None:
        return _refused("The message is empty: send a photograph or a question.")
    if state.image is None or state.verdict is None:
        return {**_refused(NO_PHOTOGRAPH), "question": question}
    return {"turn": "question", "question": question}


def inspection(state: ChatState, runtime: Runtime[Context]) -> Update:
    """Sends the photograph through the inspection graph."""
    try:
        asked = State(image=state.image, product=state.product, question=state.question)
        found = INSPECTION.invoke(asked, context=context_of(runtime))
    except EchoError as error:
        return {"verdict": None, "image": None, **_refused(_in_words(error))}
    return {"verdict": Verdict.model_validate(found["verdict"])}


def answer(state: ChatState, runtime: Runtime[Context]) -> Update:
    """Says the verdict of a new photograph, and answers what was asked."""
    if state.verdict is None or state.image is None:
        return {}
    told = [verdict_sentence(state.verdict)] if state.turn == "new image" else []
    if (
        state.turn == "new image"
        and state.verdict.human is not None
        and state.verdict.human.action == "photo"
    ):
        told.append("Please send another photograph of this part.")
    reply: Answer | None = None
    if state.question is not None:
        try:
            reply = _reply(state.question, Inspected(state.verdict, state.image), state, runtime)
            told.append(reply.text)
        except EchoError as error:
            told.append(_in_words(error))
    extra = {"answer": reply.model_dump(mode="json")} if reply is not None else {}
    return {"messages": [AIMessage("\n\n".join(told), additional_kwargs=extra)]}


def _reply(
    question: Question,
    inspected: Inspected,
    state: ChatState,
    runtime: Runtime[Context],
) -> Answer:
    given = inspected.verdict.answer
    by_model = inspected.verdict.decided_by.name != "measured"
    if (
        by_model
        and given is not None
        and not given.declined
        and (state.turn == "new image" or question.options)
    ):
        return given
    model = open_chat(context_of(runtime).mllm or process_settings().mllm)
    if model is None or question.options:
        return answer_measured(question, inspected)
    return Answer(text=answer_by_model(model, question, inspected, list(state.messages[:-1])))


def scores_choices(state: ChatState, context: Context) -> bool:
    """Whether the Decision Maker's MLLM shall score the options of a question, which is an inspection of its own."""
    name = context.mllm or process_settings().mllm
    return bool(state.question is not None and state.question.options) and name != "measured"


def _refused(text: str, *messages: BaseMessage) -> Update:
    return {"turn": "refused", "messages": [*messages, AIMessage(text)]}


def _in_words(error: EchoError) -> str:
    text = " ".join(str(error).split())
    return f"{text[:1].upper()}{text[1:]}."


def _with_kept_image(message: HumanMessage, text: str, image: ImageRef) -> HumanMessage:
    """The message with its pixels replaced by the digest under which they were put aside."""
    blocks: list[str | dict[str, str]] = [{"type": "image", "url": f"{KEPT}{image.sha256}"}]
    if text:
        blocks.insert(0, {"type": "text", "text": text})
    return HumanMessage(content=blocks, id=message.id)


def _without_image(message: HumanMessage) -> HumanMessage:
    text = message.content if isinstance(message.content, str) else str(message.text)
    return HumanMessage(content=text[:200] or "(a photograph that was refused)", id=message.id)


def kept_message(text: str, image: ImageRef) -> HumanMessage:
    """A message about an image that was put aside already: what a client sends that shares the memory's folder."""
    return _with_kept_image(HumanMessage(text), text, image)
