"""The question, the way that the router chose for it, and the steps that were reasoned."""

from typing import Literal

from pydantic import Field

from echo_agent.state.value import Value

QuestionKind = Literal["discrimination", "type", "place", "look", "effect", "object", "other"]


class Question(Value):
    """A question about the part, free or with closed options (letter to text)."""

    text: str
    options: dict[str, str] = Field(default_factory=dict)


class Route(Value):
    """What the router chose, and why.

    Attributes:
        next: ``reasoning_expert`` or ``decision_maker``.
        kind: The kind of question that was recognised.
        use: Experts whose evidence the Decision Maker may see.
        why: One sentence.
    """

    next: Literal["reasoning_expert", "decision_maker"]
    kind: QuestionKind = "discrimination"
    use: tuple[Literal["reference", "knowledge", "reasoning"], ...] = ("reference", "knowledge", "reasoning")
    why: str


class TraceStep(Value):
    """A step of the reasoning with the ids of the evidence it stands on."""

    kind: Literal["observe", "compare", "measure", "weigh", "conclude"]
    text: str
    evidence: tuple[str, ...] = ()


class ToolCall(Value):
    """A tool that a model called while it reasoned; steps may stand on its ``id``, such as ``A1``."""

    id: str
    tool: str
    arguments: str
    result: str


class Trace(Value):
    """The Reasoning Expert's steps, and what it looked at for them.

    Attributes:
        steps: The steps.
        calls: Tools that were called for them.
        written_by: Who wrote them: ``measured``, or a model's name.
        instead_of: Why a language model's steps are not these, where it was to write them.
    """

    steps: tuple[TraceStep, ...]
    calls: tuple[ToolCall, ...] = ()
    written_by: str = "measured"
    instead_of: str | None = None
