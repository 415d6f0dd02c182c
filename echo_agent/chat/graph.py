"""The conversation: an inspection for each new photograph, and answers about the last one."""

from collections.abc import Callable, Hashable
from functools import partial
from typing import Literal, Protocol

from langchain_core.embeddings import Embeddings
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from echo_agent.chat.nodes import answer, inspection, is_answered, scores_choices, turn_intake
from echo_agent.chat.state import ChatInput, ChatState
from echo_agent.checkpoints import reading, registered, types_of
from echo_agent.context import Context
from echo_agent.graph import CHECKPOINTED as OF_INSPECTIONS
from echo_agent.graph import STALE_ANSWERS_REFUSED, Update, build_graph, context_of
from echo_agent.memory.memory import Memory
from echo_agent.mllm.own_decider import AnyDecider
from echo_agent.resources import Resources, decision_maker_of
from echo_agent.state import InspectionOutput
from echo_agent.strict_graph import StrictGraph

ChatGraph = StrictGraph[ChatState, ChatInput, InspectionOutput]

CHECKPOINTED = registered(OF_INSPECTIONS | types_of(ChatInput, ChatState))
"""The types that a checkpoint of a conversation, and of its inspections, holds."""

AFTER_INTAKE: dict[Hashable, str] = {
    "new photograph": "inspection",
    "question about the last one": "answer",
    "refused": END,
}
AFTER_INSPECTION: dict[Hashable, str] = {"something was asked": "answer", "all is said": END}


class _Node(Protocol):
    def __call__(self, state: ChatState, runtime: Runtime[Context]) -> Update: ...


def build_chat_graph(
    checkpointer: BaseCheckpointSaver[str] | None = None,
    *,
    memory: Memory | None = None,
    decider: AnyDecider | None = None,
    embeddings: Embeddings | None = None,
) -> ChatGraph:
    """Builds the conversation graph.

    Args:
        checkpointer: Keeps the threads; without one each turn stands alone.
        memory: The memory; where not given, the one that ``Context.memory`` or ``ECHO_MEMORY`` names.
        decider: The Decision Maker: one of your own, a LangChain chat model, or a loaded transformers model with its
            processor; where not given, the one that ``Context.mllm`` or ``ECHO_MLLM`` names.
        embeddings: Text model that finds passages of documents by meaning; the one that ``ECHO_TEXT_MODEL`` names, or
            none, where not given.

    Returns:
        The compiled graph. Its input is a ``ChatInput``, its output an ``InspectionOutput``, its run's settings a
        ``Context``.

    Examples:
        >>> import base64, pathlib
        >>> from langgraph.checkpoint.memory import InMemorySaver
        >>> from echo_agent import Memory, build_chat_graph
        >>> chat = build_chat_graph(InMemorySaver(), memory=Memory.open("echo-memory"))
        >>> thread = {"configurable": {"thread_id": "1"}}
        >>> data = base64.b64encode(pathlib.Path("photographs/new/0002.png").read_bytes()).decode()
        >>> photograph = {"type": "image", "base64": data, "mime_type": "image/png"}
        >>> first = {"messages": [{"role": "user", "content": [photograph]}], "product": "plate"}
        >>> print(chat.invoke(first, thread)["messages"][-1].text)  # doctest: +ELLIPSIS
        plate: defective...
        >>> second = {"messages": [{"role": "user", "content": "Is it free of defects?"}]}
        >>> print(chat.invoke(second, thread)["messages"][-1].text)  # doctest: +ELLIPSIS
        No...
    """
    decider = decision_maker_of(decider)
    inspections = build_graph(memory=memory, decider=decider, embeddings=embeddings)

    def resources(runtime: Runtime[Context]) -> Resources:
        return Resources(context_of(runtime), memory=memory, decider=decider, embeddings=embeddings)

    def with_resources(
        node: Callable[[ChatState, Resources], Update],
    ) -> _Node:
        def run(state: ChatState, runtime: Runtime[Context]) -> Update:
            return node(state, resources(runtime))

        return run

    def after_intake(
        state: ChatState, runtime: Runtime[Context]
    ) -> Literal["new photograph", "question about the last one", "refused"]:
        """Inspects what is new; answers what is asked; ends where the message was refused."""
        if state.turn == "refused":
            return "refused"
        if state.turn == "new image" or scores_choices(state, resources(runtime)):
            return "new photograph"
        return "question about the last one"

    def after_inspection(
        state: ChatState, runtime: Runtime[Context]
    ) -> Literal["something was asked", "all is said"]:
        """Goes on to the answer where there is a verdict, and a question that it does not answer."""
        if state.verdict is None or is_answered(state, resources(runtime)):
            return "all is said"
        return "something was asked"

    graph = StateGraph(
        ChatState, context_schema=Context, input_schema=ChatInput, output_schema=InspectionOutput
    )
    graph.add_node("turn_intake", with_resources(turn_intake))
    graph.add_node("inspection", with_resources(partial(inspection, graph=inspections)))
    graph.add_node("answer", with_resources(answer))
    graph.add_edge(START, "turn_intake")
    graph.add_conditional_edges("turn_intake", after_intake, AFTER_INTAKE)
    graph.add_conditional_edges("inspection", after_inspection, AFTER_INSPECTION)
    graph.add_edge("answer", END)
    compiled = graph.compile(checkpointer=reading(checkpointer, CHECKPOINTED), name="chat")
    return ChatGraph(**vars(compiled)).with_config(STALE_ANSWERS_REFUSED)
