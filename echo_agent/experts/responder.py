"""Responder: puts the verdict together, and says it in words."""

from typing import Any

from langchain_core.messages import AIMessage

from echo_agent.decision.answering import answer_from_evidence
from echo_agent.decision.measured import measured_by
from echo_agent.experts.human_review import proposed_label
from echo_agent.resources import Resources
from echo_agent.state import Attempt, HumanAnswer, Label, Reason, ReferenceEvidence, State, Verdict


def responder(state: State, resources: Resources) -> dict[str, Any]:
    """Writes the verdict, answers the question where no language model did, and writes one message."""
    verdict = make_verdict(state)
    if state.question is not None and state.image is not None and verdict.decided_by.name == "measured":
        context, memory = resources.context, resources.memory
        answer = answer_from_evidence(state.question, verdict, state.image, context, memory)
        verdict = verdict.model_copy(update={"answer": answer})
    return {
        "verdict": verdict,
        "messages": [AIMessage(content=verdict_sentence(verdict))],
        "timings": state.timings,
    }


def make_verdict(state: State) -> Verdict:
    """Puts the verdict together from the last attempt, the evidence and what a person said."""
    last = state.attempts[-1]
    label, confidence = _final(last, state.human)
    return Verdict(
        label=label,
        confidence=confidence,
        defect_type=_defect_type(last, state.human),
        reasons=(*last.reasons, *exemplar_reasons(state.reference)),
        evidence=state.reference,
        knowledge=state.knowledge,
        decided_by=last.decided_by or measured_by(),
        confidence_calibrated=last.confidence_calibrated,
        attempts=state.attempts,
        trace=state.trace,
        answer=last.answer,
        human=state.human,
        timings=state.timings,
    )


def exemplar_reasons(evidence: ReferenceEvidence | None) -> tuple[Reason, ...]:
    """Says so when the part resembles a defect that a person confirmed. It is shown; it decides nothing."""
    exemplars = evidence.exemplars if evidence is not None else ()
    nearest = next((found for found in exemplars if found.resembles), None)
    if nearest is None:
        return ()
    kind = f" ({nearest.defect_type})" if nearest.defect_type else ""
    said = f" by {nearest.who}" if nearest.who else ""
    text = (
        f"Its most unusual place resembles {nearest.id}{kind}, a defect confirmed{said} on {nearest.when[:10]}, more "
        f"than any reference (similarity {nearest.similarity:.2f})."
    )
    return (Reason(kind="exemplar", text=text, evidence=(nearest.id,)),)


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
    return " ".join([head, *(reason.text for reason in verdict.reasons)])
