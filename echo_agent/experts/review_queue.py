"""Review queue: records an inspection that waits for a person, before the run is interrupted for that person."""

from typing import Any

from echo_agent.decision.final import make_verdict
from echo_agent.decision.standards import standards
from echo_agent.memory.provenance import provenance
from echo_agent.memory.recording import record_inspection
from echo_agent.resources import Resources
from echo_agent.state import State, Verdict


def review_queue(state: State, resources: Resources) -> dict[str, Any]:
    """Writes the record of a part that waits, and notes by what it was judged.

    The node of the interrupt runs again with each answer: written there, the record would be written again as well.
    """
    verdict = make_verdict(state)
    judged_by = standards(resources, verdict.product) if verdict.product is not None else {}
    return {"record_id": keep_record(state, verdict, resources), "standards": judged_by}


def keep_record(state: State, verdict: Verdict, resources: Resources) -> str | None:
    """Keeps a record of an inspection; gives its id, or None where none is wanted or none can be written."""
    if not resources.context.record or state.image is None:
        return None
    made = provenance(resources.context, resources.model_name, state.question, verdict)
    record = record_inspection(resources.memory, state.image, verdict, state.name, made)
    return record.id if record is not None else None
