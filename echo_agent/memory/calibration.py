"""From scores of normals to a threshold, a p-value and a guarantee. Pure statistics, no images."""

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import scipy

from echo_agent.state import EscapeGuarantee, Guarantee

MIN_FOR_TAIL = 3

CHANCE = 1e-3
"""What is less probable than this under a promise contradicts it."""

DEFECTIVE_P_POWER = 0.2
"""Power of the alternative: p-values of defective parts are taken as Beta(0.2, 1)."""


def conformal_p_value(score: float, normal_scores: Sequence[float]) -> float:
    """Share of normals expected to score at least as high.

    Args:
        score: Image score of the part.
        normal_scores: Scores of n normals, each against the others.

    Returns:
        ``(1 + #{normal >= score}) / (n + 1)`` (Vovk et al. 2005; Bates et al. 2023, eq. 2), in ``(0, 1]``.
    """
    at_least = sum(1 for normal in normal_scores if normal >= score)
    return (1 + at_least) / (len(normal_scores) + 1)


def tail_p_value(score: float, normal_scores: Sequence[float]) -> float | None:
    """p-value by the Student t prediction for one further normal, on log scores.

    Finer than ``1 / (n + 1)``, but a model: it supposes that log scores of normals are normally distributed.

    Args:
        score: Image score of the part, positive.
        normal_scores: Scores of n normals, positive.

    Returns:
        Upper tail of t with n - 1 degrees of freedom at ``(log s - m) / (sd sqrt(1 + 1/n))``
        (Geisser 1993, predictive distribution of a normal sample); None with fewer than three normals.
    """
    count = len(normal_scores)
    if count < MIN_FOR_TAIL:
        return None
    logs = np.log(np.maximum(np.asarray(normal_scores, dtype=np.float64), 1e-12))
    spread = max(float(logs.std(ddof=1)), 1e-3)
    deviation = (math.log(max(score, 1e-12)) - float(logs.mean())) / (spread * math.sqrt(1 + 1 / count))
    return float(scipy.special.stdtr(count - 1, -deviation))


def defective_probability(p_value: float) -> float:
    """Probability that a part is defective, from its p-value, with even odds beforehand.

    p-values of normal parts are uniform; those of defective parts are taken as Beta(a, 1) with a = 0.2, whose
    density is ``a p^(a - 1)`` (Sellke, Bayarri and Berger 2001, section 3).

    Args:
        p_value: In (0, 1].

    Returns:
        ``1 / (1 + 1 / (a p^(a - 1)))``.
    """
    log_density = math.log(DEFECTIVE_P_POWER) + (DEFECTIVE_P_POWER - 1) * math.log(max(p_value, 1e-12))
    return 1.0 / (1.0 + math.exp(-log_density))


def threshold(normal_scores: Sequence[float], max_false_reject: float) -> float | None:
    """Score above which a part is called defective.

    Args:
        normal_scores: Scores of n normals, each against the others.
        max_false_reject: Wanted expected false-reject rate, in (0, 1).

    Returns:
        The k-th largest score with ``k = floor(max_false_reject (n + 1))``, at least the largest; None without
        scores. A score above it has a conformal p-value of at most k / (n + 1).
    """
    if not normal_scores:
        return None
    return sorted(normal_scores, reverse=True)[rank(len(normal_scores), max_false_reject) - 1]


def rank(scores: int, rate: float) -> int:
    """Which of so many scores, from the extreme on, is the threshold of a rate: ``floor(rate (n + 1))``, at least 1."""
    return max(1, math.floor(rate * (scores + 1) + 1e-9))


def guarantee(normals: int, max_false_reject: float, photographs: int | None = None) -> Guarantee:
    """What n calibration normals allow to promise about the false-reject rate of ``threshold``.

    The false-reject rate of the k-th largest of n exchangeable scores follows Beta(k, n + 1 - k)
    (Wilks 1941): its mean is k / (n + 1), its 95 % quantile the bound.

    Args:
        normals: Number of calibration normals; below 2 nothing can be promised.
        max_false_reject: Wanted expected false-reject rate, in (0, 1).
        photographs: Number of photographs that show them, where some repeat each other.

    Returns:
        Expected rate, bound, and how many normals the wanted rate still needs.
    """
    missing = max(0, normals_needed(max_false_reject) - normals)
    repeated = photographs if photographs != normals else None
    if normals < 2:
        return Guarantee(
            normals=normals,
            photographs=repeated,
            expected_false_reject=None,
            bound_95=None,
            normals_missing=missing,
        )
    k = rank(normals, max_false_reject)
    return Guarantee(
        normals=normals,
        photographs=repeated,
        expected_false_reject=k / (normals + 1),
        bound_95=_beta_quantile_95(k, normals + 1 - k),
        normals_missing=missing,
    )


def one_a_part(
    parts: Iterable[int], scores: Iterable[float], chosen: Callable[[float, float], float] = max
) -> tuple[float, ...]:
    """One score a part, whichever number of photographs show it, in the order of their first photographs.

    Args:
        parts: The part of each photograph; see ``near_duplicates``.
        scores: The photographs' scores; as many, or none.
        chosen: Which of two counts: ``max`` for good parts, ``min`` for defective ones, so that neither a false reject
            nor an escape is hidden by another photograph.
    """
    found: dict[int, float] = {}
    for part, score in zip(parts, scores, strict=False):
        found[part] = chosen(score, found.get(part, score))
    return tuple(found.values())


def pass_threshold(defective_scores: Sequence[float], max_escape: float) -> float | None:
    """Score below which a part may be called normal.

    Args:
        defective_scores: Scores of m labelled defective parts.
        max_escape: Wanted expected share of defective parts that are called normal, in (0, 1).

    Returns:
        The k-th smallest score with ``k = floor(max_escape (m + 1))``, at least the smallest; None without scores.
    """
    if not defective_scores:
        return None
    return sorted(defective_scores)[rank(len(defective_scores), max_escape) - 1]


def escape_guarantee(defects: int, max_escape: float) -> EscapeGuarantee:
    """What m labelled defective parts allow to promise about the escape rate of ``pass_threshold``.

    The escape rate below the k-th smallest of m exchangeable scores follows Beta(k, m + 1 - k) (Wilks 1941), as the
    false-reject rate does above the k-th largest; see ``guarantee``. It holds for defects of the kinds and in the
    proportions that were given.

    Args:
        defects: Number of labelled defective parts.
        max_escape: Wanted expected escape rate, in (0, 1).

    Returns:
        Expected rate, bound, and how many defective parts the wanted rate still needs.
    """
    missing = max(0, normals_needed(max_escape) - defects)
    if defects < 1:
        return EscapeGuarantee(defects=0, expected_escape=None, bound_95=None, defects_missing=missing)
    k = rank(defects, max_escape)
    return EscapeGuarantee(
        defects=defects,
        expected_escape=k / (defects + 1),
        bound_95=_beta_quantile_95(k, defects + 1 - k),
        defects_missing=missing,
    )


def rate_bound(count: int, total: int) -> float:
    """Upper 95 % bound of a rate that was seen ``count`` times in ``total`` (Clopper and Pearson 1934, one-sided)."""
    return 1.0 if count >= total else _beta_quantile_95(count + 1, total - count)


def contradicts(count: int, total: int, bound: float) -> bool:
    """Whether ``count`` of ``total`` good parts that stand out cannot be chance beside a promised bound of their rate.

    Args:
        count: Good parts that stand out.
        total: Good parts.
        bound: The rate that was promised not to be exceeded, in (0, 1].

    Returns:
        Whether so many have a probability of at most ``CHANCE`` at that rate (binomial, upper tail).
    """
    return bool(scipy.stats.binom.sf(count - 1, total, bound) <= CHANCE)


def normals_needed(max_false_reject: float) -> int:
    """Fewest normals with which an expected false-reject rate can be kept: ``1 / (n + 1) <= rate``."""
    return math.ceil(1 / max_false_reject - 1 - 1e-9)


def _beta_quantile_95(a: float, b: float) -> float:
    return float(scipy.special.betaincinv(a, b, 0.95))
