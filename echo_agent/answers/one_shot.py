"""How likely a defect is where a single reference allows no calibration, and an answer must be given all the same."""

import math

import scipy

from echo_agent.memory.calibration import defective_probability
from echo_agent.state import ReferenceEvidence

NORMAL_LOG_SCORE = 0.412
"""Mean log score of good parts against a single reference, over PRODUCTS products."""

NORMAL_SPREAD = 0.213
"""Standard deviation of those log scores for a good part of a further product: between and within products together."""

PRODUCTS = 7
"""Products whose good parts were scored (``python -m benchmarks.one_shot``): no defective part, no label of a test."""


def one_shot_p_value(score: float) -> float:
    """Share of good parts of any product that score as high against a single reference.

    The score is in multiples of what small changes of that one photograph move (shifts, turns, light), which makes
    good parts of different products alike: a part that differs from the reference as another good part does scores
    about 1.5. How much further good parts of *this* product scatter, one photograph cannot tell; that is taken from
    the good parts of other products.

    Args:
        score: Image score in multiples of the median score of small changes of the reference, positive.

    Returns:
        Upper tail of Student's t with ``PRODUCTS - 1`` degrees of freedom at
        ``(log score - mean) / (spread sqrt(1 + 1 / PRODUCTS))`` (Geisser 1993, the prediction for one further
        product).
    """
    spread = NORMAL_SPREAD * math.sqrt(1 + 1 / PRODUCTS)
    deviation = (math.log(max(score, 1e-6)) - NORMAL_LOG_SCORE) / spread
    return float(scipy.stats.t.sf(deviation, df=PRODUCTS - 1))


def likelier_defective(reference: ReferenceEvidence | None) -> float:
    """Probability that a part is defective, where an answer must be given though the verdict may be ``review``.

    Args:
        reference: What the Reference Extractor found.

    Returns:
        By the calibrated p-value where there is one, else by ``one_shot_p_value``; even odds without a score.
    """
    if reference is None or reference.score is None:
        return 0.5
    p_value = reference.tail_p_value if reference.tail_p_value is not None else reference.p_value
    return defective_probability(one_shot_p_value(reference.score) if p_value is None else p_value)
