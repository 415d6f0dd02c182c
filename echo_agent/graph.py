"""The agent graph: who looks at the image, in which order, and when it looks again."""

import time
from collections.abc import Callable, Hashable
from typing import Any, Literal, Protocol

from langchain_core.embeddings import Embeddings
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.graph import Graph
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import NodeError
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, RetryPolicy

from echo_agent.checkpoints import reading, registered, types_of
from echo_agent.context import Context
from echo_agent.decision.escalation import looks_again
from echo_agent.errors import ModelServerError, NoAnswerError
from echo_agent.experts.checklist import checklist, unanswered
from echo_agent.experts.decision_maker import decision_maker, undecided
from echo_agent.experts.human_review import human_review
from echo_agent.experts.intake import intake
from echo_agent.experts.knowledge_guide import knowledge_guide
from echo_agent.experts.reasoning_expert import reasoned_from_evidence, reasoning_expert
from echo_agent.experts.reference_extractor import reference_extractor
from echo_agent.experts.responder import responder
from echo_agent.experts.review_queue import review_queue
from echo_agent.experts.router import router
from echo_agent.memory.memory import Memory
from echo_agent.mllm.own_decider import AnyDecider
from echo_agent.observing import observed
from echo_agent.resources import Resources, decision_maker_of
from echo_agent.state import ImageRef, InspectionInput, InspectionOutput, State
from echo_agent.strict_graph import StrictGraph


class InspectionGraph(StrictGraph[State, Any, InspectionOutput]):
    """The compiled graph; its drawing leaves out LangGraph's nodes for errors, which nobody walks by intention."""

    def get_graph(self, config: RunnableConfig | None = None, *, xray: int | bool = False) -> Graph:
        """The graph as LangGraph Studio and Mermaid draw it."""
        drawn = super().get_graph(config, xray=xray)
        for name in [name for name in drawn.nodes if name.startswith("__error_handler__")]:
            drawn.remove_node(drawn.nodes[name])
        return drawn

    async def aget_graph(self, config: RunnableConfig | None = None, *, xray: int | bool = False) -> Graph:
        """The same for LangGraph's server."""
        return self.get_graph(config, xray=xray)


CHECKPOINTED = registered(types_of(State, InspectionInput, InspectionOutput))
"""The types that a checkpoint of an inspection holds."""

STALE_ANSWERS_REFUSED: RunnableConfig = {"configurable": {"__pregel_strict_resume": True}}
"""Lets LangGraph refuse an answer to an interrupt that no longer waits, in place of giving it to the next one."""

Update = dict[str, Any]

Node = Callable[[Any, Resources], Update]
"""An expert: reads the state (intake the input) and returns the fields that it writes."""


class _TimedNode(Protocol):
    def __call__(self, state: Any, runtime: Runtime[Context]) -> Update: ...


NODES: tuple[Node, ...] = (
    intake,
    reference_extractor,
    knowledge_guide,
    checklist,
    router,
    reasoning_expert,
    decision_maker,
    review_queue,
    human_review,
    responder,
)

WITHOUT_ANSWER: dict[Node, tuple[Callable[[State, Resources, NoAnswerError], Update], str]] = {
    checklist: (unanswered, "router"),
    reasoning_expert: (reasoned_from_evidence, "decision_maker"),
    decision_maker: (undecided, ""),
}
"""What the experts that ask a language model do where it gives no answer, and where that leads; "" as any decision."""

FAULTS_THAT_PASS = RetryPolicy(max_attempts=3, initial_interval=0.25, retry_on=ModelServerError)

AFTER_ROUTER: dict[Hashable, str] = {"weigh step by step": "reasoning_expert", "clear": "decision_maker"}
AFTER_DECISION: dict[Hashable, str] = {
    "unsure: look again": "reference_extractor",
    "ask a person": "review_queue",
    "decided": "responder",
}


def build_graph(
    checkpointer: BaseCheckpointSaver[str] | None = None,
    *,
    memory: Memory | None = None,
    decider: AnyDecider | None = None,
    embeddings: Embeddings | None = None,
) -> InspectionGraph:
    """Builds the inspection graph.

    Args:
        checkpointer: Keeps threads, so that a person can be asked in between; none is needed without one.
        memory: The memory; where not given, the one that ``Context.memory`` or ``ECHO_MEMORY`` names.
        decider: The Decision Maker: one of your own, a LangChain chat model, or a loaded transformers model with its
            processor; where not given, the one that ``Context.mllm`` or ``ECHO_MLLM`` names.
        embeddings: Text model that finds passages of documents by meaning; the one that ``ECHO_TEXT_MODEL`` names, or
            none, where not given.

    Returns:
        The compiled graph. Its input is an ``InspectionInput`` (an image at least; a ``State`` serves too), its output
        an ``InspectionOutput``, its run's settings a ``Context``.

    Examples:
        >>> from echo_agent import Context, Memory, State, build_graph
        >>> memory = Memory.open("echo-memory")
        >>> graph = build_graph(memory=memory)
        >>> state = State(image=memory.store_image("photographs/new/0002.png"), product="plate")
        >>> found = graph.invoke(state, context=Context(max_attempts=1))
        >>> found["verdict"].label
        'defective'
    """
    decider = decision_maker_of(decider)
    graph = StateGraph(
        State, context_schema=Context, input_schema=InspectionInput, output_schema=InspectionOutput
    )

    def resources(runtime: Runtime[Context]) -> Resources:
        return Resources(context_of(runtime), memory=memory, decider=decider, embeddings=embeddings)

    for node in NODES:
        given = InspectionInput if node is intake else State
        asks_a_model = node in WITHOUT_ANSWER
        graph.add_node(
            node.__name__,
            _timed(node, resources),
            input_schema=given,
            retry_policy=FAULTS_THAT_PASS if asks_a_model else None,
            error_handler=_without_answer(*WITHOUT_ANSWER[node], resources) if asks_a_model else None,
        )
    graph.add_edge(START, "intake")
    graph.add_edge("intake", "reference_extractor")
    graph.add_edge("reference_extractor", "knowledge_guide")
    graph.add_edge("knowledge_guide", "checklist")
    graph.add_edge("checklist", "router")
    graph.add_conditional_edges("router", after_router, AFTER_ROUTER)
    graph.add_edge("reasoning_expert", "decision_maker")
    graph.add_conditional_edges("decision_maker", after_decision, AFTER_DECISION)
    graph.add_edge("review_queue", "human_review")
    graph.add_edge("human_review", "responder")
    graph.add_edge("responder", END)
    compiled = graph.compile(checkpointer=reading(checkpointer, CHECKPOINTED), name="inspection")
    return InspectionGraph(**vars(compiled)).with_config(STALE_ANSWERS_REFUSED)


def context_of(runtime: Runtime[Context]) -> Context:
    """The settings of a run; the defaults where it has none, or has those of a graph around it, no ``Context``."""
    return runtime.context if isinstance(runtime.context, Context) else Context()


def after_router(state: State) -> Literal["weigh step by step", "clear"]:
    """Follows the router's choice."""
    reasoned = state.route is not None and state.route.next == "reasoning_expert"
    return "weigh step by step" if reasoned else "clear"


def after_decision(
    state: State, runtime: Runtime[Context], config: RunnableConfig
) -> Literal["unsure: look again", "ask a person", "decided"]:
    """Escalates an unsure attempt while attempts are left and finer evidence can help; then asks a person, if any.

    Without a checkpointer an interrupt would end the run without a verdict: then no person is asked. Whether there is
    one is asked at run time, because the LangGraph server brings a checkpointer to a graph compiled without one.
    """
    context = context_of(runtime)
    last = state.attempts[-1]
    if looks_again(state.attempts, state.reference, context):
        return "unsure: look again"
    can_wait = config.get("configurable", {}).get("__pregel_checkpointer") is not None
    return "ask a person" if last.label == "review" and context.human_review and can_wait else "decided"


def _without_answer(
    instead: Callable[[State, Resources, NoAnswerError], Update],
    after: str,
    resources: Callable[[Runtime[Context]], Resources],
) -> Callable[..., Command[Any]]:
    """Goes on without the answer that a language model could not give; any other error ends the run."""

    def handle(
        state: State, error: NodeError, runtime: Runtime[Context], config: RunnableConfig
    ) -> Command[Any]:
        if not isinstance(error.error, NoAnswerError):
            raise error.error
        update = instead(state, resources(runtime), error.error)
        led = state.model_copy(update=update)
        return Command(update=update, goto=after or AFTER_DECISION[after_decision(led, runtime, config)])

    return handle


def _timed(node: Node, resources: Callable[[Runtime[Context]], Resources]) -> _TimedNode:
    """Adds the seconds that a node takes to ``State.timings``, summed over attempts, and tells its progress.

    The custom stream gets ``{"expert": name, "event": "started"}`` and, with ``seconds``, ``"finished"``.
    """
    name = node.__name__

    def run(state: Any, runtime: Runtime[Context]) -> Update:
        start = time.perf_counter()
        runtime.stream_writer({"expert": name, "event": "started"})
        with observed(name, **_known(state, runtime)) as told:
            update = node(state, resources(runtime))
            told.update(_decided(update))
        seconds = time.perf_counter() - start
        runtime.stream_writer({"expert": name, "event": "finished", "seconds": round(seconds, 4)})
        timings = update["timings"] if node is intake else state.timings
        return {**update, "timings": {**timings, name: timings.get(name, 0.0) + seconds}}

    return run


def _known(state: Any, runtime: Runtime[Context]) -> dict[str, Any]:
    """By what an event of an inspection is found again: its run, and its photograph."""
    run = runtime.execution_info
    image = getattr(state, "image", None)
    return {
        "inspection": run.run_id if run is not None else None,
        "image": image.sha256 if isinstance(image, ImageRef) else None,
    }


def _decided(update: Update) -> dict[str, Any]:
    """What an event tells of a decision."""
    verdict, attempts = update.get("verdict"), update.get("attempts")
    if verdict is not None:
        return {
            "product": verdict.product,
            "label": verdict.label,
            "confidence": verdict.confidence,
            "confidence_calibrated": verdict.confidence_calibrated,
            "decided_by": verdict.decided_by.model,
        }
    if attempts:
        last = attempts[-1]
        return {"attempt": last.number, "label": last.label, "failed": last.error is not None}
    return {}
