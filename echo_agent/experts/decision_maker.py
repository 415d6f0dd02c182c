"""Decision Maker: comes to a label with a confidence; where it is unsure the graph looks again, then asks a person."""

import time
from collections.abc import Collection
from typing import Literal

from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime

from echo_agent.answers.closed import answer_of
from echo_agent.context import Context, Expert
from echo_agent.decision.by_language_model import Guard, decide_by_mllm, undecidable
from echo_agent.decision.case import case_of, escalation_level_of
from echo_agent.decision.checklist import answer_checklist
from echo_agent.decision.measured import decide_measured, nothing_to_decide_from
from echo_agent.experts.run import Update, can_wait, context_of, memory_of, timed
from echo_agent.knowledge.verdict_effect import VerdictEffect, verdict_effect
from echo_agent.memory.normal_model import ESCALATION_SCALES
from echo_agent.mllm.choice import open_decider
from echo_agent.mllm.confidence import stored
from echo_agent.mllm.decider import Decider
from echo_agent.settings import process_settings
from echo_agent.state import Attempt, ReferenceEvidence, Route, State

FINER_LOOK_MOVES = 0.05
"""Share of the score by which a finer look moves it at most, on 98 % of 140 photographs of magnetic tiles."""

EVEN_ODDS = 0.55
"""Probability of a defect up to which a finer look may tip the odds towards normal."""

CONFIDENCE_FOLDER = "confidence"
"""Folder below the memory in which fitted calibrations of MLLMs are kept."""


@timed
def decision_maker(state: State, runtime: Runtime[Context]) -> Update:
    """Adds one attempt, from the evidence that the router lets it use.

    Raises:
        ModelError: The Decision Maker that was asked for is not there.
    """
    context = context_of(runtime)
    decider = open_decider(context.mllm or process_settings().mllm)
    start = time.perf_counter()
    if decider is not None:
        knowledge = answer_checklist(state, decider, context, memory_of(runtime))
        state = state.model_copy(update={"knowledge": knowledge})
        attempt = _by_mllm(decider, state, runtime)
        return {"attempts": (*state.attempts, attempt), "knowledge": knowledge}
    used = what_is_used(state, context.experts)
    attempt = _measured(used, context, state.route)
    path: Literal["fast", "reasoned"] = "reasoned" if used.trace is not None else "fast"
    answer = answer_of(used)
    finished = attempt.model_copy(
        update={"path": path, "answer": answer, "seconds": time.perf_counter() - start}
    )
    return {"attempts": (*state.attempts, finished)}


def what_is_used(state: State, experts: Collection[Expert]) -> State:
    """Returns the state with the evidence of those experts alone that take part and that the router lets decide.

    Args:
        state: The state behind the router.
        experts: Experts that take part at all, which counts where there is no route.
    """
    use = state.route.use if state.route is not None else experts
    return state.model_copy(
        update={
            "reference": state.reference if "reference" in use else None,
            "knowledge": state.knowledge if "knowledge" in use else None,
            "trace": state.trace if "reasoning" in use else None,
        }
    )


def _measured(state: State, context: Context, route: Route | None) -> Attempt:
    """Comes to an attempt from the evidence alone."""
    number, changed = len(state.attempts) + 1, _what_changed(state)
    if state.reference is None:
        return nothing_to_decide_from(number, changed, route.why if route is not None else "")
    return decide_measured(
        state.reference,
        number=number,
        max_false_reject=context.max_false_reject,
        min_confidence=context.min_confidence,
        changed=changed,
        effect=effect_of(state),
    )


def effect_of(state: State) -> VerdictEffect:
    """Returns what the domain knowledge makes of the measured regions."""
    if state.reference is None or state.knowledge is None:
        return VerdictEffect()
    return verdict_effect(state.reference.regions, state.knowledge.tolerances, state.knowledge.checklist)


def _by_mllm(decider: Decider, state: State, runtime: Runtime[Context]) -> Attempt:
    """Lets the MLLM decide on the level of the ladder that this attempt stands on.

    It is shown what the router chose, and guarded by all that the experts found.
    """
    context, memory = context_of(runtime), memory_of(runtime)
    used = what_is_used(state, context.experts)
    measured = _measured(used, context, state.route)
    found = what_is_used(state.model_copy(update={"route": None}), context.experts)
    guard = Guard.of(found.reference, _measured(found, context, None), effect_of(found))
    case = case_of(state, context, memory)
    level = escalation_level_of(state)
    changed = f"{level.changed}; {measured.changed}" if state.attempts else level.changed
    by = decider.decided_by()
    return decide_by_mllm(
        decider,
        case,
        measured.model_copy(update={"changed": changed}),
        guard=guard,
        effect=effect_of(used),
        calibration=stored(memory.folder / CONFIDENCE_FOLDER, by.model, by.revision, case.path),
        min_confidence=context.min_confidence,
    )


def _what_changed(state: State) -> str:
    if not state.attempts:
        return "first look"
    scales = ", ".join(f"{scale:g}" for scale in ESCALATION_SCALES[: state.escalation_level + 1])
    count = len(state.reference.references) if state.reference else 0
    return f"resolutions {scales} of the encoder together, {count} nearest references"


def more_evidence_helps(attempt: Attempt, evidence: ReferenceEvidence | None) -> bool:
    """Whether a finer look can change an unsure attempt: not where the product or the calibration is missing.

    An MLLM can look again without a calibration, but not where it failed to answer.
    """
    if attempt.decided_by is not None and attempt.decided_by.name == "mllm":
        return attempt.label == "review" and attempt.error is None and not undecidable(evidence)
    return (
        attempt.label == "review"
        and evidence is not None
        and evidence.p_value is not None
        and evidence.escalation_level + 1 < len(ESCALATION_SCALES)
        and evidence.quality.acceptable
        and (evidence.guarantee is None or evidence.guarantee.normals_missing == 0)
        and all(match.resembles for match in evidence.matches if match.product == evidence.product)
        and _near_a_border(attempt, evidence)
    )


def _near_a_border(attempt: Attempt, evidence: ReferenceEvidence) -> bool:
    """Whether the score or the odds lie so near to a border between two labels that a finer look may cross it."""
    if evidence.score is None or evidence.threshold is None:
        return False
    defective = attempt.probabilities.get("defective", EVEN_ODDS)
    return evidence.score >= (1 - FINER_LOOK_MOVES) * evidence.threshold or defective <= EVEN_ODDS


def after_decision(
    state: State, runtime: Runtime[Context], config: RunnableConfig
) -> Literal["reference_extractor", "human_review", "responder"]:
    """Escalates an unsure attempt while attempts are left and finer evidence can help; then asks a person, if any.

    Without a checkpointer an interrupt would end the run without a verdict: then no person is asked.
    """
    context = context_of(runtime)
    last = state.attempts[-1]
    if len(state.attempts) < context.max_attempts and more_evidence_helps(last, state.reference):
        return "reference_extractor"
    if last.label == "review" and context.human_review and can_wait(config):
        return "human_review"
    return "responder"
