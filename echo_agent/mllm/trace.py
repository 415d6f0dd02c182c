"""A reasoning trace in a model's words, read into its schema."""

from collections.abc import Sequence

from pydantic import Field, ValidationError

from echo_agent.errors import AnswerError
from echo_agent.json_text import parse_json
from echo_agent.mllm.case import Case
from echo_agent.state import ToolCall, Trace, TraceStep, Value

_MAX_STEPS = 12


class _Draft(Value):
    steps: tuple[TraceStep, ...] = Field(min_length=1, max_length=_MAX_STEPS)


def known_ids(case: Case) -> frozenset[str]:
    """Returns the ids of all evidence that a case holds: what a step may stand on."""
    ids: set[str] = set()
    if case.evidence is not None:
        ids |= {case.evidence.id, *(region.id for region in case.evidence.regions)}
        ids |= {reference.id for reference in case.evidence.references}
    if case.knowledge is not None:
        knowledge = case.knowledge
        ids |= {knowledge.id, *(citation.id for citation in knowledge.citations)}
        ids |= {*(t.id for t in knowledge.tolerances), *(c.id for c in knowledge.checklist)}
    return frozenset(ids)


def read_trace(text: str, ids: frozenset[str], written_by: str, calls: Sequence[ToolCall] = ()) -> Trace:
    """Reads a trace from a model's answer, with or without words or a code fence around its JSON object.

    Args:
        text: The answer.
        ids: Evidence that a step may name.
        written_by: Name of the model.
        calls: Tools that were called for it; a step may name them too.

    Raises:
        AnswerError: There is no object of the schema, or a step names evidence that does not exist.
    """
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise AnswerError(f"{written_by} wrote no JSON object")
    try:
        draft = _Draft.model_validate(parse_json(text[start : end + 1]))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AnswerError(f"{written_by} wrote a trace with a fault at {where}: {first['msg']}") from error
    except ValueError as error:
        raise AnswerError(f"{written_by} wrote broken JSON: {error}") from error
    unknown = sorted(
        {name for step in draft.steps for name in step.evidence} - ids - {call.id for call in calls}
    )
    if unknown:
        raise AnswerError(f"{written_by} names evidence that does not exist: {', '.join(unknown)[:100]}")
    return Trace(steps=draft.steps, calls=tuple(calls), written_by=written_by)
