"""The verdict of an inspection, put together from its last attempt, the evidence and a person's word; its record."""

from echo_agent.decision.measured import measured_by
from echo_agent.memory.provenance import provenance
from echo_agent.memory.recording import record_inspection
from echo_agent.resources import Resources
from echo_agent.state import Attempt, HumanAnswer, Label, Reason, ReferenceEvidence, State, Verdict


def make_verdict(state: State) -> Verdict:
    """Puts the verdict together from the last attempt, the evidence and what a person said."""
    last = state.attempts[-1]
    label, confidence = _final(last, state.human)
    return Verdict(
        label=label,
        confidence=confidence,
        defect_type=_defect_type(last, state.human),
        reasons=(*last.reasons, *_resembled(state.reference), *_lost(state.reference)),
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


def keep_record(state: State, verdict: Verdict, resources: Resources) -> str | None:
    """Keeps a record of an inspection; gives its id, or None where none is wanted or none can be written."""
    if not resources.context.record or state.image is None:
        return None
    made = provenance(resources.context, resources.model_name, state.question, verdict)
    record = record_inspection(resources.memory, state.image, verdict, state.name, made)
    return record.id if record is not None else None


def _resembled(evidence: ReferenceEvidence | None) -> tuple[Reason, ...]:
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


def proposed_label(attempt: Attempt) -> Label:
    """The label that a person may accept: of an undecided attempt the likelier one, where there is one."""
    if attempt.label != "review" or not attempt.probabilities:
        return attempt.label
    return "defective" if attempt.probabilities.get("defective", 0.0) >= 0.5 else "normal"
