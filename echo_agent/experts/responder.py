"""Responder: puts the verdict together, says it in words, and keeps a record of the inspection."""

from typing import Any

from langchain_core.messages import AIMessage

from echo_agent.answers.choice import in_words
from echo_agent.answers.verdict import verdict_text
from echo_agent.decision.answering import answer_from_evidence
from echo_agent.decision.measured import measured_by
from echo_agent.experts.human_review import proposed_label
from echo_agent.memory.provenance import provenance
from echo_agent.memory.recording import record_inspection
from echo_agent.resources import Resources
from echo_agent.state import (
    Answer,
    Attempt,
    HumanAnswer,
    ImageRef,
    Label,
    Question,
    Reason,
    ReferenceEvidence,
    State,
    Verdict,
)


def responder(state: State, resources: Resources) -> dict[str, Any]:
    """Writes the verdict, answers the question where no language model did, writes one message, and the record."""
    verdict = make_verdict(state)
    if state.question is not None and state.image is not None:
        answer = _answer(state.question, state.image, verdict, resources)
        verdict = verdict.model_copy(update={"answer": answer})
    if resources.context.record and state.image is not None:
        made = provenance(resources.context, resources.model_name, state.question, verdict)
        record_inspection(resources.memory, state.image, verdict, state.name, made)
    return {
        "verdict": verdict,
        "messages": [AIMessage(content=_in_words(verdict))],
        "timings": state.timings,
    }


def _answer(question: Question, image: ImageRef, verdict: Verdict, resources: Resources) -> Answer | None:
    """The answer from the evidence, or what a language model answered; None where that failed."""
    if verdict.answer is None and verdict.decided_by.name != "mllm":
        return answer_from_evidence(question, verdict, image, resources.context, resources.memory)
    return in_words(verdict.answer, question) if verdict.answer is not None else None


def _in_words(verdict: Verdict) -> str:
    told = verdict_text(verdict)
    answer = verdict.answer.text if verdict.answer is not None else ""
    if answer in told:
        return told
    return answer if told in answer else f"{told}\n\n{answer}"


def make_verdict(state: State) -> Verdict:
    """Puts the verdict together from the last attempt, the evidence and what a person said."""
    last = state.attempts[-1]
    label, confidence = _final(last, state.human)
    return Verdict(
        label=label,
        confidence=confidence,
        defect_type=_defect_type(last, state.human),
        reasons=(*last.reasons, *exemplar_reasons(state.reference), *_lost(state.reference)),
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


def _lost(evidence: ReferenceEvidence | None) -> tuple[Reason, ...]:
    """Says what of the memory took no part because it is missing or damaged."""
    told = evidence.lost if evidence is not None else ()
    return tuple(Reason(kind="damaged memory", text=text) for text in told)


def _final(last: Attempt, human: HumanAnswer | None) -> tuple[Label, float]:
    """A person's correction counts as certain; an accepted proposal keeps its confidence."""
    if human is not None and human.action == "correct" and human.label is not None:
        return human.label, 1.0
    if human is not None and human.action == "accept":
        return proposed_label(last), last.confidence
    return last.label, last.confidence


def _defect_type(last: Attempt, human: HumanAnswer | None) -> str | None:
    return human.defect_type if human is not None and human.defect_type else last.defect_type
