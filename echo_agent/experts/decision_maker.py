"""Decision Maker: comes to a label with a confidence; where it is unsure the graph looks again, then asks a person."""

from typing import Any

from echo_agent.decision.attempt import attempt_by_model, attempt_measured, attempt_without_answer
from echo_agent.decision.escalation import looks_again
from echo_agent.decision.lot import judged_by_lot
from echo_agent.errors import NoAnswerError
from echo_agent.resources import Resources
from echo_agent.state import State


def decision_maker(state: State, resources: Resources) -> dict[str, Any]:
    """Adds one attempt, from the evidence that the router lets it use, and one more where a lot lifts its last doubt.

    Raises:
        ModelError: The Decision Maker that was asked for is not there.
    """
    decider = resources.decider
    if decider is None:
        attempts = (*state.attempts, attempt_measured(state, resources.context))
        if not looks_again(attempts, state.reference, resources.context):
            attempts += judged_by_lot(attempts[-1], state.reference)
        return {"attempts": attempts}
    return {"attempts": (*state.attempts, attempt_by_model(decider, state, resources))}


def undecided(state: State, resources: Resources, error: NoAnswerError) -> dict[str, Any]:
    """Adds the attempt of a model that gave no decision: ``review``, with its cause."""
    decider = resources.decider
    if decider is None:
        raise error
    return {"attempts": (*state.attempts, attempt_without_answer(decider, state, resources, error))}
