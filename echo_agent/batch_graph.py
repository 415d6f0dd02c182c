"""Several photographs through the inspection graph at once, over LangGraph's ``Send``, for Studio and the server."""

import operator
from typing import Annotated, Any, Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Overwrite, Send
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from echo_agent.checkpoints import reading, registered, types_of
from echo_agent.context import Context
from echo_agent.errors import EchoError, InputError
from echo_agent.graph import CHECKPOINTED as OF_INSPECTIONS
from echo_agent.graph import Update, build_graph, context_of
from echo_agent.memory.memory import Memory
from echo_agent.mllm.own_decider import AnyDecider
from echo_agent.state import Label, Value, Verdict
from echo_agent.strict_graph import StrictGraph

MAX_IMAGES = 256
"""Photographs of a batch over the graph; ``echo-agent inspect --out`` takes any number, and goes on after a kill."""


class BatchVerdict(Value):
    """What became of one photograph.

    Attributes:
        number: Its place in the batch, 0 for the first.
        label: Its label; ``review`` where it could not be inspected.
        verdict: Its verdict; None where it could not be inspected.
        error: Why not.
    """

    number: int
    label: Label
    verdict: Verdict | None = None
    error: str | None = None


class BatchInput(BaseModel):
    """Photographs of one product, or of any."""

    model_config = ConfigDict(extra="forbid")

    images: Annotated[
        list[Any],
        WithJsonSchema({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "object"}]}}),
    ] = Field(
        default_factory=list,
        description=(
            "The photographs, each a data URL, an image block with base64, the SHA-256 of a stored image, or a path in "
            "an allowed folder."
        ),
    )
    product: str | None = Field(
        default=None,
        description="The registered product that all show; found out from the references where not given.",
    )


class BatchOutput(BaseModel):
    """The verdicts in the order of the photographs, and how many there are of each label."""

    verdicts: tuple[BatchVerdict, ...] = ()
    counts: dict[str, int] = Field(default_factory=dict)


class BatchState(BatchInput):
    """A batch on its way."""

    found: Annotated[list[BatchVerdict], operator.add] = Field(default_factory=list)
    verdicts: tuple[BatchVerdict, ...] = ()
    counts: dict[str, int] = Field(default_factory=dict)


class _One(BaseModel):
    number: int
    image: Any
    product: str | None


BatchGraph = StrictGraph[BatchState, BatchInput, BatchOutput]

CHECKPOINTED = registered(OF_INSPECTIONS | types_of(BatchInput, BatchOutput, BatchState, _One))
"""The types that a checkpoint of a batch holds."""


def build_batch_graph(
    checkpointer: BaseCheckpointSaver[str] | None = None,
    *,
    memory: Memory | None = None,
    decider: AnyDecider | None = None,
) -> BatchGraph:
    """Builds the graph of a batch: one ``Send`` of a photograph each to the inspection graph, which counts no other.

    Args:
        checkpointer: Keeps threads.
        memory: As in ``build_graph``.
        decider: As in ``build_graph``.

    Returns:
        The compiled graph. Its input is a ``BatchInput``, its output a ``BatchOutput``, its run's settings a
        ``Context``; no person is asked in between.
    """
    inspections = build_graph(memory=memory, decider=decider)

    def inspection(state: _One, runtime: Runtime[Context]) -> Update:
        context = context_of(runtime).model_copy(update={"human_review": False})
        given = {"image": state.image, "product": state.product}
        try:
            verdict = Verdict.model_validate(inspections.invoke(given, context=context)["verdict"])
        except EchoError as error:
            return {"found": [BatchVerdict(number=state.number, label="review", error=str(error))]}
        return {"found": [BatchVerdict(number=state.number, label=verdict.label, verdict=verdict)]}

    graph = StateGraph(BatchState, context_schema=Context, input_schema=BatchInput, output_schema=BatchOutput)
    graph.add_node("begin", _begin)
    graph.add_node("inspection", inspection, input_schema=_One)
    graph.add_node("count", _count)
    graph.add_edge(START, "begin")
    graph.add_conditional_edges("begin", _each, {"inspection": "inspection"})
    graph.add_edge("inspection", "count")
    graph.add_edge("count", END)
    compiled = graph.compile(checkpointer=reading(checkpointer, CHECKPOINTED), name="batch")
    return BatchGraph(**vars(compiled))


def _begin(state: BatchState) -> Update:
    """Refuses what is no batch; nothing of an earlier one of the thread is left."""
    if not 0 < len(state.images) <= MAX_IMAGES:
        raise InputError(
            f"{len(state.images)} images were given: give 1 to {MAX_IMAGES}, and more by echo-agent inspect --out"
        )
    return {"found": Overwrite([]), "verdicts": (), "counts": {}}


def _each(state: BatchState) -> list[Send]:
    return [
        Send("inspection", _One(number=number, image=image, product=state.product))
        for number, image in enumerate(state.images)
    ]


def _count(state: BatchState) -> Update:
    verdicts = tuple(sorted(state.found, key=lambda one: one.number))
    labels: tuple[Literal["normal", "defective", "review"], ...] = ("normal", "defective", "review")
    return {
        "images": [],
        "product": None,
        "found": Overwrite([]),
        "verdicts": verdicts,
        "counts": {label: sum(one.label == label for one in verdicts) for label in labels},
    }
