"""The typed state that all experts share; the value types in it, from the files beside it.

Value types are frozen. Pixels never enter the state: an image is an ``ImageRef``, a map is kept beside the memory
and named by its ``map_id``.
"""

from typing import Annotated, Any

from langchain_core.messages import AnyMessage
from langgraph.channels import EphemeralValue
from langgraph.graph.message import add_messages
from pydantic import BaseModel, ConfigDict, Field, model_validator

from echo_agent.state.decision import Answer, Attempt, DecidedBy, HumanAnswer
from echo_agent.state.image import MAX_REGIONS, Box, ImageRef, Region
from echo_agent.state.inspection import InspectionInput, InspectionOutput, Request
from echo_agent.state.knowledge_evidence import (
    ChecklistFinding,
    Citation,
    CountedPlace,
    KnowledgeEvidence,
    Outcome,
    ToleranceFinding,
    VerdictEffect,
)
from echo_agent.state.lot_evidence import LotEvidence
from echo_agent.state.reason import Reason, ReasonKind
from echo_agent.state.reasoning import Question, QuestionKind, Route, ToolCall, Trace, TraceStep
from echo_agent.state.reference_evidence import (
    EscapeGuarantee,
    Exemplar,
    Guarantee,
    ImageQuality,
    ProductMatch,
    Reference,
    ReferenceEvidence,
)
from echo_agent.state.value import Confidence, Label, Probability, Progress, Value
from echo_agent.state.verdict import Verdict, flat_attempt, flat_verdict
from echo_agent.strictness import Strictness

__all__ = [
    "MAX_REGIONS",
    "Answer",
    "Attempt",
    "Box",
    "ChecklistFinding",
    "Citation",
    "Confidence",
    "CountedPlace",
    "DecidedBy",
    "EscapeGuarantee",
    "Exemplar",
    "Guarantee",
    "HumanAnswer",
    "ImageQuality",
    "ImageRef",
    "InspectionInput",
    "InspectionOutput",
    "KnowledgeEvidence",
    "Label",
    "LotEvidence",
    "Outcome",
    "Probability",
    "ProductMatch",
    "Progress",
    "Question",
    "QuestionKind",
    "Reason",
    "ReasonKind",
    "Reference",
    "ReferenceEvidence",
    "Region",
    "Request",
    "Route",
    "State",
    "ToleranceFinding",
    "ToolCall",
    "Trace",
    "TraceStep",
    "Value",
    "Verdict",
    "VerdictEffect",
    "flat_attempt",
    "flat_verdict",
]


class State(BaseModel):
    """One inspection on its way through the graph. Each expert writes its own field and reads those of the others.

    ``image``, ``product`` and ``question`` are what a turn gives; intake keeps them in ``request``, from which the
    experts after it read them.

    Examples:
        >>> from echo_agent import Memory, State
        >>> image = Memory.open("echo-memory").store_image("photographs/new/0001.png")
        >>> state = State(image=image, product="plate")
        >>> (state.image.width, state.image.height), state.attempts
        ((192, 144), ())
    """

    model_config = ConfigDict(extra="forbid")

    messages: Annotated[list[AnyMessage], add_messages] = Field(default_factory=list)
    image: Annotated[ImageRef | None, EphemeralValue] = None
    name: Annotated[str | None, EphemeralValue] = Field(
        default=None, description="What the photograph is called: its file, or a part number."
    )
    product: Annotated[str | None, EphemeralValue] = None
    question: Annotated[Question | None, EphemeralValue] = None
    lot: Annotated[LotEvidence | None, EphemeralValue] = None
    request: Request | None = None
    escalation_level: int = 0
    reference: ReferenceEvidence | None = None
    knowledge: KnowledgeEvidence | None = None
    effect: VerdictEffect = VerdictEffect()
    route: Route | None = None
    trace: Trace | None = None
    attempts: tuple[Attempt, ...] = ()
    record_id: str | None = Field(default=None, description="The record of a part that waits for a person.")
    standards: dict[str, str] = Field(
        default_factory=dict, description="By what a part that waits for a person was judged."
    )
    human: HumanAnswer | None = None
    verdict: Verdict | None = None
    timings: dict[str, float] = Field(default_factory=dict)

    @property
    def strictness(self) -> Strictness:
        """How strict this inspection is; Echo's default before the Reference Extractor has settled it."""
        return self.reference.strictness if self.reference is not None else Strictness()

    @model_validator(mode="before")
    @classmethod
    def _as_requested(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("request") is None:
            return given
        request = Request.model_validate(given["request"])
        return {**given, **dict(request), "request": request}
