"""An MLLM's decision joined with the measured evidence, under the rules that no model can break."""

from dataclasses import dataclass
from typing import Literal

from echo_agent.errors import AnswerError, ModelMemoryError, ModelTimeoutError
from echo_agent.knowledge.verdict_effect import VerdictEffect, verdict_effect
from echo_agent.mllm.case import Case, Decision
from echo_agent.mllm.confidence import Calibration, join
from echo_agent.mllm.decider import Decider
from echo_agent.state import Attempt, Label, ReferenceEvidence


@dataclass(frozen=True)
class _Sides:
    """Both sides of a decision.

    Attributes:
        model: P(defective) by the MLLM alone.
        joined: P(defective) by MLLM and evidence.
        rejected: Why the evidence or the know-how does not pass the part; empty where it may pass.
        undecidable: Why nobody may decide from this photograph; empty where it can be judged.
    """

    model: float
    joined: float
    rejected: tuple[str, ...]
    undecidable: tuple[str, ...]


def decide_by_mllm(
    decider: Decider, case: Case, measured: Attempt, *, calibration: Calibration | None, min_confidence: float
) -> Attempt:
    """Decides one attempt.

    Args:
        decider: The MLLM.
        case: What it is shown.
        measured: The attempt that the evidence alone comes to; its number and change are taken over.
        calibration: The model's calibration on this path; None while uncalibrated.
        min_confidence: Below it the label is ``review``.

    Returns:
        The attempt. It is ``review`` where the model's answer cannot be read, is late or does not fit the
        memory; where the model would pass what the calibrated evidence or a tolerance rejects; where the
        photograph cannot be judged; and where the confidence is too low.

    Raises:
        ModelError: The model is missing, misconfigured or cannot be reached.
    """
    try:
        decision = decider.decide(case)
    except (AnswerError, ModelTimeoutError, ModelMemoryError) as error:
        return _failed(measured, error, decider, case)
    sides = _weigh(case, measured, decision, calibration)
    label, confidence, reasons = _judge(sides, min_confidence)
    return measured.model_copy(
        update={
            "label": label,
            "confidence": confidence,
            "confidence_calibrated": calibration is not None,
            "path": case.path,
            "answer": decision.answer,
            "defect_type": _defect_type(label, decision),
            "probabilities": {"defective": decision.defective, "normal": decision.normal},
            "reasons": (_own_word(decision), *reasons, *decision.notes, *measured.reasons),
            "decided_by": decision.decided_by,
            "seconds": decision.seconds,
            "input_tokens": decision.input_tokens,
            "output_tokens": decision.output_tokens,
            "changed": "; ".join((measured.changed, *decision.notes)),
        }
    )


def _failed(measured: Attempt, error: Exception, decider: Decider, case: Case) -> Attempt:
    return measured.model_copy(
        update={
            "label": "review",
            "path": case.path,
            "confidence": max(measured.confidence, 0.5),
            "reasons": (f"The model gave no decision: {error}.", *measured.reasons),
            "decided_by": decider.decided_by(),
            "error": str(error),
        }
    )


def _weigh(case: Case, measured: Attempt, decision: Decision, calibration: Calibration | None) -> _Sides:
    evidence, knowledge = case.evidence, case.knowledge
    effect = VerdictEffect()
    if evidence is not None and knowledge is not None:
        effect = verdict_effect(evidence.regions, knowledge.tolerances, knowledge.checklist)
    usable = evidence is not None and not effect.permits_normal
    beside = measured.probabilities.get("defective") if usable else None
    rejected = effect.reasons if effect.forces_defective else ()
    if usable and measured.label == "defective":
        rejected = (*rejected, *measured.reasons[:2])
    return _Sides(
        model=decision.defective,
        joined=join(decision.defective, beside, calibration),
        rejected=rejected,
        undecidable=undecidable(evidence),
    )


def undecidable(evidence: ReferenceEvidence | None) -> tuple[str, ...]:
    """Returns why nobody may decide from this photograph; nothing where it can be judged, or has no evidence."""
    if evidence is None:
        return ()
    if evidence.product is None:
        return ("Unknown product: no registered product is near enough.",)
    if not evidence.quality.acceptable:
        return (f"Poor image: {'; '.join(evidence.quality.findings)}.",)
    if any(match.product == evidence.product and not match.resembles for match in evidence.matches):
        return (f"The image does not resemble {evidence.product}.",)
    return ()


def _judge(sides: _Sides, min_confidence: float) -> tuple[Label, float, tuple[str, ...]]:
    confidence = max(sides.joined, 1 - sides.joined)
    side: Literal["normal", "defective"] = "defective" if sides.joined >= 0.5 else "normal"
    if sides.undecidable:
        return "review", confidence, sides.undecidable
    if sides.rejected and (sides.model < 0.5 or side == "normal"):
        told = (
            "Disagreement: the model would pass the part, the evidence rejects it; a person should look.",
            f"The model's side: normal at {1 - sides.model:.0%}.",
            f"The evidence's side: {' '.join(sides.rejected)}",
        )
        return "review", confidence, told
    if confidence < min_confidence:
        return "review", confidence, (f"Model and evidence together are at {confidence:.0%}: too unsure.",)
    return side, confidence, ()


def _own_word(decision: Decision) -> str:
    return f"{decision.decided_by.model} puts defective at {decision.defective:.0%}."


def _defect_type(label: Label, decision: Decision) -> str | None:
    types = decision.defect_types
    return max(types, key=lambda name: types[name]) if types and label == "defective" else None
