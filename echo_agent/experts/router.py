"""Router: decides whether the Reasoning Expert is asked, and whose evidence the Decision Maker sees."""

from typing import Any

from echo_agent.decision.routing import choose_route, classified
from echo_agent.resources import Resources
from echo_agent.state import ReferenceEvidence, State, VerdictEffect


def router(state: State, resources: Resources) -> dict[str, Any]:
    """Chooses the path and says why."""
    context, reference = resources.context, state.reference
    route = choose_route(
        context.profile,
        context.experts,
        classified(state.question),
        p_value=reference.p_value if reference is not None else None,
        attempts=len(state.attempts),
        disagreement=_disagree(reference, state.effect),
    )
    return {"route": route}


def _disagree(reference: ReferenceEvidence | None, effect: VerdictEffect) -> bool:
    """Tells whether the domain knowledge pulls the other way than the comparison with the references."""
    if reference is None or reference.score is None or reference.threshold is None:
        return False
    rejected = reference.score > reference.threshold
    return effect.needs_a_person or (effect.permits_normal if rejected else effect.forces_defective)
