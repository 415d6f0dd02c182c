"""Responder: puts the verdict together, and says it in words."""

from langchain_core.messages import AIMessage
from langgraph.runtime import Runtime

from echo_agent.context import Context
from echo_agent.decision.measured import measured_by
from echo_agent.experts.human_review import proposed_label
from echo_agent.experts.run import Update, timed
from echo_agent.state import Attempt, HumanAnswer, Label, ReferenceEvidence, State, Verdict


@timed
def responder(state: State, runtime: Runtime[Context]) -> Update:
    """Writes the verdict and one message."""
    verdict = make_verdict(state)
    return {
        "verdict": verdict,
        "messages": [AIMessage(content=verdict_sentence(verdict))],
        "timings": state.timings,
    }


def make_verdict(state: State) -> Verdict:
    """Puts the verdict together from the last attempt, the evidence and what a person said."""
    last = state.attempts[-1]
    evidence = state.reference or ReferenceEvidence(product=None, product_given=False, matches=())
    label, confidence = _final(last, state.human)
    return Verdict(
        label=label,
        confidence=confidence,
        defect_type=_defect_type(last, state.human),
        regions=evidence.regions,
        reasons=(*last.reasons, *exemplar_reasons(evidence)),
        references=evidence.references,
        exemplars=evidence.exemplars,
        knowledge=state.knowledge,
        decided_by=last.decided_by or measured_by(),
        confidence_calibrated=last.confidence_calibrated,
        attempts=state.attempts,
        score=evidence.score,
        threshold=evidence.threshold,
        pass_threshold=evidence.pass_threshold,
        escape_guarantee=evidence.escape_guarantee,
        p_value=evidence.p_value,
        guarantee=evidence.guarantee,
        product=evidence.product,
        product_given=evidence.product_given,
        memory_version=evidence.memory_version,
        map_id=evidence.map_id,
        trace=state.trace,
        answer=last.answer,
        human=state.human,
        timings=state.timings,
    )


def exemplar_reasons(evidence: ReferenceEvidence) -> tuple[str, ...]:
    """Says so when the part resembles a defect that a person confirmed. It is shown; it decides nothing."""
    nearest = next((found for found in evidence.exemplars if found.resembles), None)
    if nearest is None:
        return ()
    kind = f" ({nearest.defect_type})" if nearest.defect_type else ""
    said = f" by {nearest.who}" if nearest.who else ""
    return (
        f"Its most unusual place resembles {nearest.id}{kind}, a defect confirmed{said} on {nearest.when[:10]}, more "
        f"than any reference (similarity {nearest.similarity:.2f}).",
    )


def _final(last: Attempt, human: HumanAnswer | None) -> tuple[Label, float]:
    """A person's correction counts as certain; an accepted proposal keeps its confidence."""
    if human is not None and human.action == "correct" and human.label is not None:
        return human.label, 1.0
    if human is not None and human.action == "accept":
        return proposed_label(last), last.confidence
    return last.label, last.confidence


def _defect_type(last: Attempt, human: HumanAnswer | None) -> str | None:
    return human.defect_type if human is not None and human.defect_type else last.defect_type


def verdict_sentence(verdict: Verdict) -> str:
    """The verdict in one paragraph."""
    product = verdict.product or "unknown product"
    head = f"{product}: {verdict.label} (confidence {verdict.confidence:.0%}"
    head += ")." if verdict.confidence_calibrated else ", uncalibrated)."
    return " ".join([head, *verdict.reasons])
