"""The settings of one run: what LangGraph Studio shows beside the graph."""

from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from echo_agent.strictness import LeastConfidence, Rate

Expert = Literal["reference", "knowledge", "reasoning"]
Profile = Literal["adaptive", "paper", "always", "never"]
Encoders = Literal["retry", "both", "first", "second"]


def _at(*nodes: str) -> dict[str, Any]:
    """Tells LangGraph Studio at which nodes of the inspection and the chat it shows a setting."""
    return {"langgraph_nodes": list(nodes)}


def _number_at(*nodes: str) -> Callable[[dict[str, Any]], None]:
    """As ``_at``, for a number that may be left out: Studio shows an empty field for a number."""

    def shown(schema: dict[str, Any]) -> None:
        number, _ = schema.pop("anyOf")
        del schema["default"]
        schema.update(number | _at(*nodes))

    return shown


class Context(BaseModel):
    """How one inspection is run. Everything has a default; nothing here names a folder of test data.

    Examples:
        >>> from echo_agent import Context
        >>> careful = Context(max_false_reject=0.05, max_attempts=2)
        >>> careful.profile
        'adaptive'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    memory: str | None = Field(
        default=None,
        description="Folder of the memory; the process's ECHO_MEMORY where it is not given.",
        json_schema_extra=_at("reference_extractor", "turn_intake"),
    )
    mllm: str | None = Field(
        default=None,
        description="Decision Maker: 'measured', a HuggingFace id, folder, URL#model, provider:model; else ECHO_MLLM.",
        json_schema_extra=_at("checklist", "reasoning_expert", "decision_maker", "inspection", "answer"),
    )
    experts: tuple[Expert, ...] = Field(
        default=("reference", "knowledge", "reasoning"),
        description="Experts that take part; leave one out for an ablation.",
        json_schema_extra=_at("router", "inspection"),
    )
    profile: Profile = Field(
        default="adaptive",
        description=(
            "When the Reasoning Expert is asked: by need (adaptive), by kind of question (paper), always or never."
        ),
        json_schema_extra=_at("router", "inspection"),
    )
    encoders: Encoders = Field(
        default="retry",
        description=(
            "When a product's second encoder looks: in the retry, at once (both), never (first) or alone (second)."
        ),
        json_schema_extra=_at("reference_extractor", "inspection"),
    )
    shots: int = Field(
        default=4,
        ge=1,
        le=64,
        description="Nearest references that are retrieved and shown.",
        json_schema_extra=_at("reference_extractor", "inspection"),
    )
    max_false_reject: Rate | None = Field(
        default=None,
        description=(
            "Expected share of good parts that may be called defective; sets the threshold. Where not given: the "
            "product's own, its card's, ECHO_MAX_FALSE_REJECT, 0.1."
        ),
        json_schema_extra=_number_at("reference_extractor", "decision_maker", "inspection"),
    )
    max_escape: Rate | None = Field(
        default=None,
        description=(
            "Expected share of defective parts that may be called normal; counts once a product has enough confirmed "
            "defects (9 for 10 %). Where not given: the product's own, its card's, ECHO_MAX_ESCAPE, 0.1."
        ),
        json_schema_extra=_number_at("reference_extractor", "decision_maker", "inspection"),
    )
    min_confidence: LeastConfidence | None = Field(
        default=None,
        description=(
            "Below this confidence the graph looks again, then asks a person. Where not given: the product's own, its "
            "card's, ECHO_MIN_CONFIDENCE, 0.55."
        ),
        json_schema_extra=_number_at("checklist", "decision_maker", "inspection"),
    )
    max_attempts: int = Field(
        default=3,
        ge=1,
        le=5,
        description="Decisions at most, the first one included.",
        json_schema_extra=_at("decision_maker", "inspection"),
    )
    calibrate_on_references: bool = Field(
        default=True,
        description=(
            "Ask a language model of a product's references at its first inspection, once, and rank its word among "
            "what it says of them; not where labelled photographs calibrated it."
        ),
        json_schema_extra=_at("decision_maker", "inspection"),
    )
    tool_calls: int = Field(
        default=2,
        ge=0,
        le=8,
        description="Times that a language model may zoom, measure, fetch references or look up while it reasons.",
        json_schema_extra=_at("reasoning_expert", "inspection"),
    )
    record: bool = Field(
        default=True,
        description="Keep a record of the inspection in the memory; what is undecided waits there for a person.",
        json_schema_extra=_at("responder", "inspection"),
    )
    human_review: bool = Field(
        default=False,
        description="Interrupt for a person when attempts are spent (needs a checkpointer).",
        json_schema_extra=_at("human_review", "inspection"),
    )

    @property
    def asks_once(self) -> bool:
        """Whether the Decision Maker is asked once a question, in one order, as the paper's is."""
        return self.profile == "paper"
