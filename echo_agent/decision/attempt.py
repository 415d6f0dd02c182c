"""One attempt: decided from the evidence alone, or by a language model under guard."""

import time
from typing import Literal

from echo_agent.context import Context
from echo_agent.decision.by_language_model import Guard, decide_by_mllm, no_decision
from echo_agent.decision.by_normals import ByNormals
from echo_agent.decision.escalation import escalation_level_of, what_changed
from echo_agent.decision.measured import decide_measured, nothing_to_decide_from
from echo_agent.decision.normals_calibration import CONFIDENCE_FOLDER, normals_of
from echo_agent.decision.show import show, what_is_used
from echo_agent.errors import NoAnswerError
from echo_agent.mllm.case import PATHS
from echo_agent.mllm.confidence import stored
from echo_agent.mllm.decider import DecisionMaker
from echo_agent.resources import Resources
from echo_agent.state import Attempt, Route, State


def attempt_measured(state: State, context: Context) -> Attempt:
    """Comes to an attempt from the evidence that the router lets it use."""
    start = time.perf_counter()
    used = what_is_used(state, context.experts)
    attempt = _measured(used, state.route)
    return attempt.model_copy(
        update={
            "path": "reasoned" if used.trace is not None else "fast",
            "seconds": time.perf_counter() - start,
        }
    )


def attempt_by_model(decider: DecisionMaker, state: State, resources: Resources) -> Attempt:
    """Lets a language model decide on the escalation level that this attempt stands on.

    It is shown what the router chose, and guarded by all that the experts found.
    """
    context, memory = resources.context, resources.memory
    used = what_is_used(state, context.experts)
    measured = _measured(used, state.route)
    found = what_is_used(state.model_copy(update={"route": None}), context.experts)
    guard = Guard.of(found.reference, _measured(found, None), found.effect, state.attempts)
    case = show(state, resources)
    level = escalation_level_of(state)
    changed = f"{level.changed}; {measured.changed}" if state.attempts else level.changed
    by = decider.decided_by()
    fitted = {path: stored(memory.folder / CONFIDENCE_FOLDER, by.model, by.revision, path) for path in PATHS}
    return decide_by_mllm(
        decider,
        case,
        measured.model_copy(update={"changed": changed}),
        guard=guard,
        effect=used.effect,
        calibration=fitted[case.path],
        min_confidence=state.strictness.min_confidence,
        by_normals=None if any(fitted.values()) else _by_normals(used, decider, resources),
    )


def attempt_without_answer(
    decider: DecisionMaker, state: State, resources: Resources, error: NoAnswerError
) -> Attempt:
    """The attempt of a language model that gave no decision: ``review``, with its cause."""
    used = what_is_used(state, resources.context.experts)
    path: Literal["fast", "reasoned"] = "reasoned" if used.trace is not None else "fast"
    return no_decision(_measured(used, state.route), error, decider.decided_by(), path)


def _by_normals(used: State, decider: DecisionMaker, resources: Resources) -> ByNormals | None:
    """How a language model is joined that no labelled parts calibrated: by what it makes of the references.

    It is asked of each what the first attempt asks, by photographs alone; later attempts show more. The profiles
    ``paper`` and ``always`` show it what the experts found, and a Decision Maker of the user's own speaks for itself.
    """
    product, context = used.reference.product if used.reference is not None else None, resources.context
    if product is None or used.attempts or context.profile in {"paper", "always"}:
        return None
    if decider.decided_by().name != "mllm" or not context.calibrate_on_references:
        return None
    normals = normals_of(resources.memory, decider, product)
    return None if normals is None else ByNormals(normals, used.strictness.max_false_reject)


def _measured(state: State, route: Route | None) -> Attempt:
    """Comes to an attempt from the evidence alone."""
    number, changed = len(state.attempts) + 1, what_changed(state)
    if state.reference is None:
        return nothing_to_decide_from(number, changed, route.why if route is not None else "")
    return decide_measured(
        state.reference,
        number=number,
        changed=changed,
        effect=state.effect,
    )
