"""How far a confidence can be trusted: calibration error, and accuracy without the least sure."""

from collections.abc import Sequence

import numpy as np

from echo_agent.state import Value

SET_ASIDE = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)


class Coverage(Value):
    """One row of the risk-coverage table.

    Attributes:
        set_aside: Share of the answers, the least sure first, that go to a person.
        answered: Answers that remain.
        accuracy: Share of right ones among them.
    """

    set_aside: float
    answered: int
    accuracy: float | None


def risk_coverage(confidence: Sequence[float], right: Sequence[bool]) -> tuple[Coverage, ...]:
    """Accuracy after the least sure answers are set aside.

    Args:
        confidence: Confidence of each answer, 0..1.
        right: Whether each is right.

    Returns:
        A row for each share in ``SET_ASIDE``. Where the cut falls among equally sure answers, their mean
        accuracy counts, so that the order of the answers does not matter.
    """
    sure, hits = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    for value in np.unique(sure):
        hits[sure == value] = hits[sure == value].mean()
    ranked = hits[np.argsort(-sure, kind="stable")]
    rows = []
    for share in SET_ASIDE:
        answered = len(ranked) - round(share * len(ranked))
        rows.append(
            Coverage(
                set_aside=share,
                answered=answered,
                accuracy=float(ranked[:answered].mean()) if answered else None,
            )
        )
    return tuple(rows)


def expected_calibration_error(
    confidence: Sequence[float], right: Sequence[bool], *, bins: int = 10
) -> float | None:
    """Mean distance of confidence and accuracy over bins of equal width, weighted by the answers in them.

    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, equation 3.

    Args:
        confidence: Confidence of each answer, 0..1.
        right: Whether each is right.
        bins: Number of bins.

    Returns:
        The error in 0..1; None without answers.
    """
    if not len(confidence):
        return None
    sure, hits = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    # A confidence on an edge belongs to the bin below it, as in the paper's (low, high].
    place = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    gaps = np.abs(np.bincount(place, sure, bins) - np.bincount(place, hits, bins))
    return float(gaps.sum() / count.sum())
