"""Review queue: records an inspection that waits for a person, before the run is interrupted for that person."""

from typing import Any

from echo_agent.decision.final import keep_record, make_verdict
from echo_agent.decision.standards import standards
from echo_agent.resources import Resources
from echo_agent.state import State


def review_queue(state: State, resources: Resources) -> dict[str, Any]:
    """Writes the record of a part that waits, and notes by what it was judged.

    The node of the interrupt runs again with each answer: written there, the record would be written again as well.
    """
    verdict = make_verdict(state)
    judged_by = standards(resources, verdict.product) if verdict.product is not None else {}
    return {"record_id": keep_record(state, verdict, resources), "standards": judged_by}
