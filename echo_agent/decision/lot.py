"""What the other parts of its lot may change of a part's verdict: doubts, and never what the references reject."""

from echo_agent.decision.measured import measured_by
from echo_agent.state import Attempt, Label, LotEvidence, Reason, ReferenceEvidence

DOUBTS = {"too few references", "close to the threshold"}
"""The kinds of reason that a lot can settle: not what a rule, the photograph or another product leaves open."""

LIKE = 1.05
SOUND_LOT = 1.05
"""A part has what many others have up to so many times the middle of the lot, where the lot's middle is that of good
parts: no more than so many times a typical reference. And no more than the highest reference."""

NEAR = 1.25
"""Multiple of the threshold up to which a lot may pass a part: beyond it the references say too clearly otherwise."""

UNLIKE, UNLIKE_LOT = 1.3, 1.4
"""A part has what next to none has above both: so many times the highest reference and the middle of the lot."""

LIFTED_CONFIDENCE = 0.7
"""Confidence of a verdict that a lot settles. Set, not fitted."""


def judged_by_lot(attempt: Attempt, evidence: ReferenceEvidence | None) -> tuple[Attempt, ...]:
    """A further attempt where the lot settles the doubt of the last one; none where it does not.

    Args:
        attempt: The last attempt by the measured evidence.
        evidence: What it rests on.

    Returns:
        The attempt, with a reason that names the lot. None where the part is uncalibrated, where more sureness is
        wanted than a lot gives, or where it would be ``normal`` and is no better than defects that people confirmed.
    """
    lot = evidence.lot if evidence is not None else None
    if evidence is None or lot is None or attempt.label != "review" or not attempt.reasons:
        return ()
    score, limit = evidence.score, evidence.threshold
    if attempt.reasons[0].kind not in DOUBTS or score is None or limit is None:
        return ()
    found = _settled(lot, score / limit)
    if found is None or evidence.strictness.min_confidence > LIFTED_CONFIDENCE:
        return ()
    label, text = found
    if label == "normal" and evidence.pass_threshold is not None and score >= evidence.pass_threshold:
        return ()
    figures = (
        f"Beside the {lot.parts - 1} other parts of its lot it scores {lot.score:.2f}, the references "
        f"up to {lot.highest_reference:.2f} (1 is a typical one)."
    )
    reasons = (Reason(kind="lot", text=f"{text} {figures}", evidence=("E1",)), *attempt.reasons[1:])
    return (
        attempt.model_copy(
            update={
                "number": attempt.number + 1,
                "label": label,
                "confidence": LIFTED_CONFIDENCE,
                "changed": f"judged beside the {lot.parts - 1} other parts of its lot",
                "reasons": reasons,
                "probabilities": {},
                "decided_by": measured_by(),
            }
        ),
    )


def _settled(lot: LotEvidence, beside_references: float) -> tuple[Label, str] | None:
    """The label that a lot is clear about, and why; none for a lot that itself is unlike the references."""
    if lot.score is None or lot.highest_reference is None or lot.median is None:
        return None
    if lot.median > lot.highest_reference:
        return None
    like = lot.score <= min(LIKE * lot.median, lot.highest_reference)
    if like and lot.median <= SOUND_LOT and beside_references <= NEAR:
        return "normal", "What stands out beside the references, many other parts of its lot have too."
    unlike = lot.score > max(UNLIKE * lot.highest_reference, UNLIKE_LOT * lot.median)
    if unlike and beside_references > 1.0:
        return "defective", "It has what next to no other part of its lot has."
    return None
