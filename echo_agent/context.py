"""The settings of one run: what LangGraph Studio shows beside the graph."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Expert = Literal["reference", "knowledge", "reasoning"]
Profile = Literal["adaptive", "paper", "always", "never"]
Encoders = Literal["retry", "both", "first", "second"]


def _at(*nodes: str) -> dict[str, Any]:
    """Tells LangGraph Studio at which nodes of the inspection and the chat it shows a setting."""
    return {"langgraph_nodes": list(nodes)}


class Context(BaseModel):
    """How one inspection is run. Everything has a default; nothing here names a folder of test data.

    Example:
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
        description="Decision Maker: 'measured', a HuggingFace id or folder, or URL#model; ECHO_MLLM where not given.",
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
    max_false_reject: float = Field(
        default=0.10,
        gt=0,
        lt=1,
        description="Expected share of good parts that may be called defective; sets the threshold.",
        json_schema_extra=_at("reference_extractor", "decision_maker", "inspection"),
    )
    max_escape: float = Field(
        default=0.10,
        gt=0,
        lt=1,
        description=(
            "Expected share of defective parts that may be called normal; counts once a product has enough confirmed "
            "defects (9 for 10 %)."
        ),
        json_schema_extra=_at("reference_extractor", "decision_maker", "inspection"),
    )
    min_confidence: float = Field(
        default=0.55,
        ge=0.5,
        le=1,
        description="Below this confidence the graph looks again, then asks a person.",
        json_schema_extra=_at("checklist", "decision_maker", "inspection"),
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
