"""The conversation: an inspection for each new photograph, and answers about the last one."""

from collections.abc import Hashable
from typing import Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from echo_agent.chat.nodes import answer, inspection, is_answered, scores_choices, turn_intake
from echo_agent.chat.state import ChatInput, ChatState
from echo_agent.context import Context
from echo_agent.experts.run import context_of

ChatGraph = CompiledStateGraph[ChatState, Context, ChatInput, ChatState]

AFTER_INTAKE: dict[Hashable, str] = {
    "new photograph": "inspection",
    "question about the last one": "answer",
    "refused": END,
}
AFTER_INSPECTION: dict[Hashable, str] = {"something was asked": "answer", "all is said": END}


def after_intake(
    state: ChatState, runtime: Runtime[Context]
) -> Literal["new photograph", "question about the last one", "refused"]:
    """Inspects what is new; answers what is asked; ends where the message was refused."""
    if state.turn == "refused":
        return "refused"
    if state.turn == "new image" or scores_choices(state, context_of(runtime)):
        return "new photograph"
    return "question about the last one"


def after_inspection(
    state: ChatState, runtime: Runtime[Context]
) -> Literal["something was asked", "all is said"]:
    """Goes on to the answer where there is a verdict, and a question that it does not answer."""
    if state.verdict is None or is_answered(state, context_of(runtime)):
        return "all is said"
    return "something was asked"


def build_chat(checkpointer: BaseCheckpointSaver[str] | None = None) -> ChatGraph:
    """Builds the conversation graph.

    Args:
        checkpointer: Keeps the threads; without one each turn stands alone.

    Returns:
        The compiled graph. Its input is a ``ChatInput``, its run's settings a ``Context``.
    """
    graph = StateGraph(ChatState, context_schema=Context, input_schema=ChatInput)
    graph.add_node("turn_intake", turn_intake)
    graph.add_node("inspection", inspection)
    graph.add_node("answer", answer)
    graph.add_edge(START, "turn_intake")
    graph.add_conditional_edges("turn_intake", after_intake, AFTER_INTAKE)
    graph.add_conditional_edges("inspection", after_inspection, AFTER_INSPECTION)
    graph.add_edge("answer", END)
    return graph.compile(checkpointer=checkpointer, name="chat")
