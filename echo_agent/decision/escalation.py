"""The escalation of attempts: what each one changes, and whether a further one can help."""

from collections.abc import Sequence
from dataclasses import dataclass

from echo_agent.context import Context
from echo_agent.decision.by_language_model import undecidable
from echo_agent.state import Attempt, ReferenceEvidence, State

FINER_LOOK_MOVES = 0.05
"""Share of the score by which a finer look moves it at most, on 98 % of 140 photographs of magnetic tiles."""

SECOND_ENCODER_FROM, SECOND_ENCODER_TO = 0.75, 1.15
"""Multiples of the threshold between which the second encoder is asked: on eleven products that ranks parts as both
at once do, for half of them where the references are enough."""

EVEN_ODDS = 0.55
"""Probability of a defect up to which a finer look may tip the odds towards normal."""


@dataclass(frozen=True)
class EscalationLevel:
    """One level of the escalation of attempts.

    Attributes:
        changed: What it changes against the step before, in words.
        references: References that are shown.
        crops: Suspicious regions that are shown enlarged.
        orders: Orders of the options.
        pixels: Pixels an image may have, in multiples of the setting.
    """

    changed: str
    references: int
    crops: int
    orders: int
    pixels: int = 1


ESCALATION_LEVELS = (
    EscalationLevel("first look", references=1, crops=0, orders=2),
    EscalationLevel(
        "stepwise reasoning; worst region enlarged beside the reference", references=1, crops=1, orders=2
    ),
    EscalationLevel(
        "more references, three regions enlarged, twice the pixels, the options in further orders",
        references=3,
        crops=3,
        orders=4,
        pixels=2,
    ),
)


def escalation_level_of(state: State) -> EscalationLevel:
    """Returns the level of the escalation that the next attempt stands on; the last serves all further ones."""
    return ESCALATION_LEVELS[min(len(state.attempts), len(ESCALATION_LEVELS) - 1)]


def what_changed(state: State) -> str:
    """Says what the evidence of the next attempt changes against that of the one before."""
    if not state.attempts:
        return "first look"
    seen_by = " and ".join(state.reference.seen_by) if state.reference else ""
    count = len(state.reference.references) if state.reference else 0
    return f"seen by {seen_by} times its resolution together, {count} nearest references"


def looks_again(attempts: Sequence[Attempt], evidence: ReferenceEvidence | None, context: Context) -> bool:
    """Whether the last attempt is followed by another look: attempts are left, and finer evidence can help."""
    most = 1 if context.asks_once else context.max_attempts
    return len(attempts) < most and more_evidence_helps(attempts[-1], evidence)


def more_evidence_helps(attempt: Attempt, evidence: ReferenceEvidence | None) -> bool:
    """Whether a further look can change an attempt: not where the product or the calibration is missing.

    A second encoder is asked where an attempt is unsure or its score is near the threshold, on either side of it; a
    finer resolution where an attempt is unsure and near a border between two labels. A language model can look again
    without a calibration, but not where it failed to answer.
    """
    if attempt.decided_by is not None and attempt.decided_by.name != "measured":
        return attempt.label == "review" and attempt.error is None and not undecidable(evidence)
    if (
        evidence is None
        or evidence.p_value is None
        or evidence.escalation_level >= evidence.last_level
        or not evidence.quality.acceptable
        or not all(match.resembles for match in evidence.matches if match.product == evidence.product)
    ):
        return False
    if evidence.next_encoder is not None:
        return attempt.label == "review" or _near_the_threshold(evidence)
    return (
        attempt.label == "review"
        and (evidence.guarantee is None or evidence.guarantee.normals_missing == 0)
        and _near_a_border(attempt, evidence)
    )


def _near_the_threshold(evidence: ReferenceEvidence) -> bool:
    if evidence.score is None or evidence.threshold is None:
        return False
    return SECOND_ENCODER_FROM * evidence.threshold < evidence.score < SECOND_ENCODER_TO * evidence.threshold


def _near_a_border(attempt: Attempt, evidence: ReferenceEvidence) -> bool:
    """Whether the score or the odds lie so near to a border between two labels that a finer look may cross it."""
    if evidence.score is None or evidence.threshold is None:
        return False
    defective = attempt.probabilities.get("defective", EVEN_ODDS)
    return evidence.score >= (1 - FINER_LOOK_MOVES) * evidence.threshold or defective <= EVEN_ODDS
