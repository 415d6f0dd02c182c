"""Checklist: asks the language model what could not be counted, and weighs all that the domain knowledge found."""

from typing import Any

from echo_agent.context import Context
from echo_agent.decision.checklist import answer_checklist, left_open
from echo_agent.decision.routing import classified, evidence_for
from echo_agent.errors import NoAnswerError
from echo_agent.knowledge.verdict_effect import verdict_effect
from echo_agent.resources import Resources
from echo_agent.state import KnowledgeEvidence, ReferenceEvidence, State, VerdictEffect


def checklist(state: State, resources: Resources) -> dict[str, Any]:
    """Answers the statements of the card where the part is judged, once an inspection; weighs them with each attempt.

    Raises:
        ModelServerError: The model's server cannot be reached or failed, which may pass.
        ModelError: The language model is missing or misconfigured.
    """
    knowledge, decider = state.knowledge, resources.decider
    if knowledge is None:
        return {"effect": VerdictEffect()}
    if decider is not None and not state.attempts and _is_judged(state, resources.context):
        knowledge = answer_checklist(state, knowledge, decider, resources)
    return {"knowledge": knowledge, "effect": _weighed(state.reference, knowledge)}


def unanswered(state: State, resources: Resources, error: NoAnswerError) -> dict[str, Any]:
    """Leaves the statements open that the language model could not be asked, each with the cause."""
    knowledge, decider = state.knowledge, resources.decider
    if knowledge is None or decider is None:
        raise error
    knowledge = left_open(knowledge, decider.decided_by().model, error)
    return {"knowledge": knowledge, "effect": _weighed(state.reference, knowledge)}


def _is_judged(state: State, context: Context) -> bool:
    """Whether the part is judged, with the domain knowledge in sight."""
    kind = classified(state.question).kind
    return kind == "discrimination" and "knowledge" in evidence_for(context.profile, context.experts, kind)


def _weighed(reference: ReferenceEvidence | None, knowledge: KnowledgeEvidence) -> VerdictEffect:
    if reference is None:
        return VerdictEffect()
    return verdict_effect(reference.regions, knowledge.tolerances, knowledge.checklist)
