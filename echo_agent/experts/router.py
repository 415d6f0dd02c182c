"""Router: decides whether the Reasoning Expert is asked, and whose evidence the Decision Maker sees."""

from typing import Any

from echo_agent.answers.question import ClassifiedQuestion, classify
from echo_agent.decision.routing import choose_route
from echo_agent.knowledge.verdict_effect import verdict_effect
from echo_agent.resources import Resources
from echo_agent.state import KnowledgeEvidence, ReferenceEvidence, State


def router(state: State, resources: Resources) -> dict[str, Any]:
    """Chooses the path and says why."""
    context = resources.context
    asked = (
        classify(state.question)
        if state.question is not None
        else ClassifiedQuestion("discrimination", "verdict", "no question was asked")
    )
    route = choose_route(
        context.profile,
        context.experts,
        asked,
        p_value=state.reference.p_value if state.reference is not None else None,
        attempts=len(state.attempts),
        disagreement=_disagree(state.reference, state.knowledge),
    )
    return {"route": route}


def _disagree(reference: ReferenceEvidence | None, knowledge: KnowledgeEvidence | None) -> bool:
    """Tells whether the domain knowledge pulls the other way than the comparison with the references."""
    if reference is None or knowledge is None or reference.score is None or reference.threshold is None:
        return False
    effect = verdict_effect(reference.regions, knowledge.tolerances, knowledge.checklist)
    rejected = reference.score > reference.threshold
    return effect.needs_a_person or (effect.permits_normal if rejected else effect.forces_defective)
