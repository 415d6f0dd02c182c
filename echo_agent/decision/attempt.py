"""One attempt: decided from the evidence alone, or by a language model under guard."""

import time

from echo_agent.context import Context
from echo_agent.decision.by_language_model import Guard, decide_by_mllm
from echo_agent.decision.by_normals import ByNormals
from echo_agent.decision.escalation import escalation_level_of, what_changed
from echo_agent.decision.measured import decide_measured, nothing_to_decide_from
from echo_agent.decision.show import show, what_is_used
from echo_agent.mllm.confidence import stored
from echo_agent.mllm.decider import DecisionMaker
from echo_agent.mllm.normal_log_odds import references_digest, stored_normals
from echo_agent.resources import Resources
from echo_agent.state import Attempt, DecidedBy, Route, State

CONFIDENCE_FOLDER = "confidence"
"""Folder below the memory in which fitted calibrations of models are kept."""


def attempt_measured(state: State, context: Context) -> Attempt:
    """Comes to an attempt from the evidence that the router lets it use."""
    start = time.perf_counter()
    used = what_is_used(state, context.experts)
    attempt = _measured(used, context, state.route)
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
    measured = _measured(used, context, state.route)
    found = what_is_used(state.model_copy(update={"route": None}), context.experts)
    guard = Guard.of(found.reference, _measured(found, context, None), found.effect, state.attempts)
    case = show(state, resources)
    level = escalation_level_of(state)
    changed = f"{level.changed}; {measured.changed}" if state.attempts else level.changed
    by = decider.decided_by()
    calibration = stored(memory.folder / CONFIDENCE_FOLDER, by.model, by.revision, case.path)
    return decide_by_mllm(
        decider,
        case,
        measured.model_copy(update={"changed": changed}),
        guard=guard,
        effect=used.effect,
        calibration=calibration,
        min_confidence=context.min_confidence,
        by_normals=_by_normals(used, by, resources) if calibration is None and not state.attempts else None,
    )


def _by_normals(used: State, by: DecidedBy, resources: Resources) -> ByNormals | None:
    """How a model is joined that was calibrated on the references alone; None where it was not.

    It was asked of each what the first attempt asks, by photographs alone; later attempts show more.
    """
    product = used.reference.product if used.reference is not None else None
    if product is None:
        return None
    memory = resources.memory
    references = references_digest([image.sha256 for image in memory.product(product).references])
    normals = stored_normals(memory.folder / CONFIDENCE_FOLDER, product, by.model, by.revision, references)
    return None if normals is None else ByNormals(normals, resources.context.max_false_reject)


def _measured(state: State, context: Context, route: Route | None) -> Attempt:
    """Comes to an attempt from the evidence alone."""
    number, changed = len(state.attempts) + 1, what_changed(state)
    if state.reference is None:
        return nothing_to_decide_from(number, changed, route.why if route is not None else "")
    return decide_measured(
        state.reference,
        number=number,
        max_false_reject=context.max_false_reject,
        min_confidence=context.min_confidence,
        changed=changed,
        effect=state.effect,
    )
