"""The agent graph: who looks at the image, in which order, and when it looks again."""

from collections.abc import Hashable
from typing import Literal

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from echo_agent.context import Context
from echo_agent.experts.decision_maker import after_decision, decision_maker
from echo_agent.experts.human_review import human_review
from echo_agent.experts.intake import intake
from echo_agent.experts.knowledge_guide import knowledge_guide
from echo_agent.experts.reasoning_expert import reasoning_expert
from echo_agent.experts.reference_extractor import reference_extractor
from echo_agent.experts.responder import responder
from echo_agent.experts.router import after_router, router
from echo_agent.state import State

InspectionGraph = CompiledStateGraph[State, Context, State, State]


AFTER_ROUTER: dict[Hashable, str] = {"weigh step by step": "reasoning_expert", "clear": "decision_maker"}
AFTER_DECISION: dict[Hashable, str] = {
    "unsure: look again": "reference_extractor",
    "ask a person": "human_review",
    "decided": "responder",
}


def _way_after_router(state: State) -> Literal["weigh step by step", "clear"]:
    return "weigh step by step" if after_router(state) == "reasoning_expert" else "clear"


def _way_after_decision(
    state: State, runtime: Runtime[Context], config: RunnableConfig
) -> Literal["unsure: look again", "ask a person", "decided"]:
    chosen = after_decision(state, runtime, config)
    if chosen == "reference_extractor":
        return "unsure: look again"
    return "ask a person" if chosen == "human_review" else "decided"


def build_graph(checkpointer: BaseCheckpointSaver[str] | None = None) -> InspectionGraph:
    """Builds the inspection graph.

    Args:
        checkpointer: Keeps threads, so that a person can be asked in between; none is needed without one.

    Returns:
        The compiled graph. Its input is a ``State`` (``image`` at least), its run's settings a ``Context``.
    """
    graph = StateGraph(State, context_schema=Context)
    for node in (
        intake,
        reference_extractor,
        knowledge_guide,
        router,
        reasoning_expert,
        decision_maker,
        human_review,
        responder,
    ):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "intake")
    graph.add_edge("intake", "reference_extractor")
    graph.add_edge("reference_extractor", "knowledge_guide")
    graph.add_edge("knowledge_guide", "router")
    graph.add_conditional_edges("router", _way_after_router, AFTER_ROUTER)
    graph.add_edge("reasoning_expert", "decision_maker")
    graph.add_conditional_edges("decision_maker", _way_after_decision, AFTER_DECISION)
    graph.add_edge("human_review", "responder")
    graph.add_edge("responder", END)
    return graph.compile(checkpointer=checkpointer, name="inspection")
