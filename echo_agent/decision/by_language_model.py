"""An MLLM's decision joined with the measured evidence, under the rules that no model can break."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from echo_agent.decision.by_normals import ByNormals
from echo_agent.decision.measured import poor_image, unknown_product
from echo_agent.errors import ModelServerError, NoAnswerError
from echo_agent.mllm.case import Case, Decision
from echo_agent.mllm.confidence import Calibration, join
from echo_agent.mllm.decider import DecisionMaker
from echo_agent.state import Attempt, DecidedBy, Label, Reason, ReferenceEvidence, VerdictEffect
from echo_agent.state.notation import percent


@dataclass(frozen=True)
class Guard:
    """What a model may not pass, whether the router lets it see that evidence or not.

    Attributes:
        rejected: Why the evidence or the domain knowledge does not pass the part; empty where it may pass.
        undecidable: Why nobody may decide from this photograph; empty where it can be judged.
        stands_out: That the part's score is above the threshold, at this look or at one before.
    """

    rejected: tuple[Reason, ...] = ()
    undecidable: tuple[Reason, ...] = ()
    stands_out: tuple[Reason, ...] = ()

    @classmethod
    def of(
        cls,
        evidence: ReferenceEvidence | None,
        measured: Attempt,
        effect: VerdictEffect,
        before: Sequence[Attempt] = (),
    ) -> "Guard":
        """Reads it from all that the experts found.

        Whether the threshold is certified does not count here: a score above it is no model's to settle.

        Args:
            evidence: The Reference Extractor's evidence; None where it takes no part.
            measured: The attempt that the evidence alone comes to.
            effect: What the findings of the domain knowledge permit and force.
            before: The attempts before: a finer look that is below its threshold does not undo the first.
        """
        rejected = effect.reasons if effect.forces_defective or effect.needs_a_person else ()
        earlier = next((attempt.stands_out for attempt in before if attempt.stands_out), ())
        compared = _stands_out(evidence, measured) or earlier
        if not effect.permits_normal:
            rejected = (*rejected, *(reason for reason in compared if reason not in rejected))
        return cls(rejected, undecidable(evidence), compared)


def _stands_out(evidence: ReferenceEvidence | None, measured: Attempt) -> tuple[Reason, ...]:
    if evidence is None or evidence.score is None or evidence.threshold is None:
        return ()
    if evidence.score <= evidence.threshold:
        return ()
    return tuple(
        reason for reason in measured.reasons if reason.kind in {"stands out", "too few references", "score"}
    )


@dataclass(frozen=True)
class _Sides:
    """Both sides of a decision.

    Attributes:
        model: P(defective) by the MLLM alone.
        joined: P(defective) by MLLM and evidence.
        guard: What the model may not pass.
        fitted: Whether their joining was fitted on labelled images.
    """

    model: float
    joined: float
    guard: Guard
    fitted: bool


def decide_by_mllm(
    decider: DecisionMaker,
    case: Case,
    measured: Attempt,
    *,
    guard: Guard,
    effect: VerdictEffect,
    calibration: Calibration | None,
    min_confidence: float,
    by_normals: ByNormals | None = None,
) -> Attempt:
    """Decides one attempt.

    Args:
        decider: The MLLM.
        case: What it is shown.
        measured: The attempt that the evidence which it is shown comes to alone; its number and change are taken over.
        guard: What it may not pass.
        effect: What the domain knowledge that it is shown permits and forces.
        calibration: The model's calibration on this path; None while uncalibrated.
        min_confidence: Below it the label is ``review``.
        by_normals: How the model is joined with the evidence where no labelled parts calibrate it; then it is shown
            the photographs alone.

    Returns:
        The attempt. It is ``review`` where the model's answer cannot be read, is late or does not fit the
        memory; where the model would pass a part that stands out or that a tolerance rejects; where the
        photograph cannot be judged; and where the confidence is too low.

    Raises:
        ModelServerError: The server cannot be reached or failed, which may pass.
        ModelError: The model is missing or misconfigured.
    """
    try:
        asked = case if by_normals is None else by_normals.shown(case)
        decision = decider.decide(asked)
    except ModelServerError:
        raise
    except NoAnswerError as error:
        return no_decision(measured, error, decider.decided_by(), case.path)
    usable = case.evidence is not None and not effect.permits_normal
    beside = measured.probabilities.get("defective") if usable else None
    joined = join(decision.defective, beside, calibration)
    how: tuple[Reason, ...] = ()
    if by_normals is not None:
        score = case.evidence.score if usable and case.evidence is not None else None
        joined, told = by_normals.joined(decision.defective, score)
        how = (told,)
    sides = _Sides(decision.defective, joined, guard, calibration is not None)
    label, confidence, reasons = _judge(sides, min_confidence)
    return measured.model_copy(
        update={
            "label": label,
            "confidence": confidence,
            "confidence_calibrated": calibration is not None,
            "path": asked.path,
            "answer": decision.answer,
            "defect_type": _defect_type(label, decision),
            "probabilities": {"defective": decision.defective, "normal": decision.normal},
            "measured_defective": beside,
            "reasons": (_own_word(decision), *how, *reasons, *_notes(decision), *measured.reasons),
            "decided_by": decision.decided_by,
            "prompt": decision.prompt,
            "seconds": decision.seconds,
            "input_tokens": decision.input_tokens,
            "output_tokens": decision.output_tokens,
            "changed": "; ".join((measured.changed, *decision.notes)),
            "stands_out": guard.stands_out,
        }
    )


def no_decision(
    measured: Attempt, error: NoAnswerError, by: DecidedBy, path: Literal["fast", "reasoned"]
) -> Attempt:
    """The attempt of a model that gave no decision: ``review``, with its cause and what the evidence says."""
    return measured.model_copy(
        update={
            "label": "review",
            "path": path,
            "confidence": max(measured.confidence, 0.5),
            "reasons": (
                Reason(kind="model", text=f"The model gave no decision: {str(error).rstrip('.')}."),
                *measured.reasons,
            ),
            "decided_by": by,
            "error": str(error),
        }
    )


def undecidable(evidence: ReferenceEvidence | None) -> tuple[Reason, ...]:
    """Returns why nobody may decide from this photograph; nothing where it can be judged, or has no evidence."""
    if evidence is None:
        return ()
    if evidence.product is None:
        return (unknown_product(evidence),)
    if not evidence.quality.acceptable:
        return (poor_image(evidence),)
    if any(match.product == evidence.product and not match.resembles for match in evidence.matches):
        told = f"The image does not resemble {evidence.product}."
        return (Reason(kind="other product", text=told, evidence=(evidence.id,)),)
    return ()


def _judge(sides: _Sides, min_confidence: float) -> tuple[Label, float, tuple[Reason, ...]]:
    confidence = max(sides.joined, 1 - sides.joined)
    side: Literal["normal", "defective"] = "defective" if sides.joined >= 0.5 else "normal"
    if sides.guard.undecidable:
        return "review", confidence, sides.guard.undecidable
    if sides.guard.rejected and (sides.model < 0.5 or side == "normal"):
        return "review", confidence, _disagreement(sides)
    if confidence < min_confidence:
        fitted = "calibrated" if sides.fitted else "uncalibrated"
        unsure = f"Model and evidence together are at {percent(confidence)}, {fitted}: too unsure."
        return "review", confidence, (Reason(kind="not sure enough", text=unsure),)
    return side, confidence, ()


def _disagreement(sides: _Sides) -> tuple[Reason, ...]:
    rejected = sides.guard.rejected
    evidence = tuple(dict.fromkeys(known for reason in rejected for known in reason.evidence))
    told = (
        "Disagreement: the model would pass the part, the evidence rejects it; a person should look.",
        f"The model's side: normal at {percent(1 - sides.model)} by its own word.",
        f"The evidence's side: {' '.join(reason.text for reason in rejected)}",
    )
    return tuple(Reason(kind="disagreement", text=text, evidence=evidence) for text in told)


def _own_word(decision: Decision) -> Reason:
    return Reason(
        kind="model",
        text=f"{decision.decided_by.model} puts defective at {percent(decision.defective)} by its own word.",
    )


def _notes(decision: Decision) -> tuple[Reason, ...]:
    return tuple(Reason(kind="model", text=note) for note in decision.notes)


def _defect_type(label: Label, decision: Decision) -> str | None:
    types = decision.defect_types
    return max(types, key=lambda name: types[name]) if types and label == "defective" else None
