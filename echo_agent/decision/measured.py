"""The Decision Maker without a language model: decides from calibrated evidence, and says why in its numbers."""

import importlib.metadata
from functools import lru_cache

from echo_agent.memory.calibration import defective_probability
from echo_agent.state import Attempt, DecidedBy, Label, Reason, ReasonKind, ReferenceEvidence, VerdictEffect
from echo_agent.state.notation import WHOSE, counted, percent, region_in_words, threshold_in_words
from echo_agent.strictness import Strictness

UNDECIDED = 0.5

RULE_CONFIDENCE = 0.9
"""Confidence of a verdict that a rule of the card decides with the whole uncertainty of the measurement on one side of
its limit. Set, not fitted: what remains is that the anomaly map drew the region wrongly."""

BORDER_CONFIDENCE = 0.6
"""Confidence where only the measured value breaks the limit, and the lower end of its uncertainty does not. Set, not
fitted."""


FAR_BEYOND = 1.75
"""Multiple of the threshold above which two encoders together settle what the references are too few to promise. With 4
references the least at which other products lose no good part: what ten of eleven choose (``benchmarks.verdicts``)."""


@lru_cache(maxsize=1)
def measured_by() -> DecidedBy:
    """Names this Decision Maker."""
    return DecidedBy(
        name="measured", model="calibrated evidence", revision=importlib.metadata.version("echo-agent")
    )


def _more(missing: int) -> str:
    return counted(missing, "more normal photograph")


def decide_measured(
    evidence: ReferenceEvidence,
    *,
    number: int,
    changed: str,
    effect: VerdictEffect | None = None,
) -> Attempt:
    """Decides one attempt.

    Args:
        evidence: The Reference Extractor's evidence, with how strict the inspection is.
        number: Number of the attempt, from 1.
        changed: What this attempt changed against the one before.
        effect: What the findings of the domain knowledge permit and force.

    Returns:
        The attempt. ``defective`` needs a p-value of at most the wanted false-reject rate, or where the references are
        too few for one, two encoders that see the part far beyond them; ``normal`` a part that does
        not stand out and, where defects enough are confirmed, scores below the pass threshold; all else is ``review``,
        and so is what is less sure than is wanted.
    """
    judged = _judge(evidence)
    ruled = _by_rules(evidence, effect or VerdictEffect(), judged[0])
    label, confidence, reasons = ruled or judged
    if ruled is not None and confidence < evidence.strictness.min_confidence:
        label = "review"
    probability = _probability(evidence)
    if ruled is not None and label != "review":
        probability = confidence if label == "defective" else 1.0 - confidence
    return Attempt(
        number=number,
        label=label,
        confidence=confidence,
        changed=changed,
        score=evidence.score,
        p_value=evidence.p_value,
        probabilities={} if probability is None else {"defective": probability, "normal": 1.0 - probability},
        reasons=reasons,
        decided_by=measured_by(),
    )


def nothing_to_decide_from(number: int, changed: str, why: str) -> Attempt:
    """The attempt where the references take no part: nothing was measured that could decide.

    Args:
        number: Number of the attempt, from 1.
        changed: What this attempt changed against the one before.
        why: Why they take no part, a clause.
    """
    because = f" ({why})" if why else ""
    return Attempt(
        number=number,
        label="review",
        confidence=UNDECIDED,
        changed=changed,
        reasons=(
            Reason(
                kind="not compared",
                text=f"The references take no part in this decision{because}: nothing measured can decide it.",
            ),
        ),
        decided_by=measured_by(),
    )


def _probability(evidence: ReferenceEvidence) -> float | None:
    p_value = evidence.tail_p_value if evidence.tail_p_value is not None else evidence.p_value
    return None if p_value is None else defective_probability(p_value)


def _judge(  # noqa: PLR0911 (one return a case, in the order in which they are ruled out)
    evidence: ReferenceEvidence,
) -> tuple[Label, float, tuple[Reason, ...]]:
    if evidence.product is None:
        return "review", UNDECIDED, (unknown_product(evidence), *_matches(evidence))
    resemblance = _resemblance(evidence)
    if not evidence.quality.acceptable:
        return "review", UNDECIDED, (poor_image(evidence), *resemblance)
    probability = _probability(evidence)
    limit, score, p_value = evidence.threshold, evidence.score, evidence.p_value
    if probability is None or limit is None or score is None or p_value is None:
        alone = _reason(
            evidence, "too few references", "Uncalibrated: one reference alone gives no threshold."
        )
        return "review", UNDECIDED, (alone, *resemblance)
    sides = max(probability, 1.0 - probability)
    figures = _score(evidence, score, limit, p_value)
    if resemblance:
        return "review", sides, (*resemblance, figures)
    if score > limit:
        missing = evidence.guarantee.normals_missing if evidence.guarantee else 0
        wanted = evidence.strictness.max_false_reject
        if p_value > wanted and evidence.joint and score > FAR_BEYOND * limit:
            far = _reason(
                evidence,
                "stands out",
                f"Two encoders together see it more than {FAR_BEYOND:g} times as far off as the threshold; "
                f"a promise of {100 * wanted:g} % false rejects needs {_more(missing)}.",
            )
            return _sure_enough(evidence, "defective", probability, (far, figures, *_where(evidence)))
        if p_value > wanted:
            lacking = _reason(
                evidence,
                "too few references",
                f"The part stands out; to be called defective at {100 * wanted:g} % false rejects, it needs "
                f"{_more(missing)}.",
            )
            return "review", sides, (lacking, figures, *_where(evidence))
        stands_out = _reason(
            evidence,
            "stands out",
            "The part differs from its references more than normal parts differ from each other.",
        )
        return _sure_enough(evidence, "defective", probability, (stands_out, figures, *_where(evidence)))
    below = evidence.pass_threshold
    if below is not None and score >= below:
        as_defects = _reason(
            evidence,
            "close to the threshold",
            f"The score is not below {below:.2f}, under which no more than the wanted share of defects like the "
            "confirmed ones escapes: a weak defect cannot be ruled out.",
        )
        return "review", sides, (as_defects, figures, *_where(evidence))
    if 1.0 - probability < min(evidence.strictness.min_confidence, Strictness().min_confidence):
        close = _reason(
            evidence,
            "close to the threshold",
            "The part is close to the threshold: it cannot be told from a weak defect.",
        )
        return "review", sides, (close, figures, *_where(evidence))
    alike = _reason(evidence, "looks like references", "The part looks like its references.")
    return _sure_enough(evidence, "normal", 1.0 - probability, (alike, figures))


def _sure_enough(
    evidence: ReferenceEvidence, label: Label, sure: float, reasons: tuple[Reason, ...]
) -> tuple[Label, float, tuple[Reason, ...]]:
    """A label, or ``review`` where somebody wants it surer; the threshold alone tells where nobody does."""
    strictness, sure = evidence.strictness, max(sure, UNDECIDED)
    if max(sure, Strictness().min_confidence) >= strictness.min_confidence:
        return label, sure, reasons
    text = (
        f"Not sure enough: {label} at {percent(sure)}, where {percent(strictness.min_confidence)} is wanted "
        f"({WHOSE[strictness.min_confidence_from]})."
    )
    return "review", sure, (_reason(evidence, "not sure enough", text), *reasons)


def _by_rules(
    evidence: ReferenceEvidence, effect: VerdictEffect, label: Label
) -> tuple[Label, float, tuple[Reason, ...]] | None:
    """Decides by the card where it has a say: on a sound photograph of the right, calibrated product."""
    score, limit = evidence.score, evidence.threshold
    if evidence.product is None or not evidence.quality.acceptable or _resemblance(evidence):
        return None
    if score is None or limit is None or evidence.p_value is None:
        return None
    findings = (*effect.reasons, _score(evidence, score, limit, evidence.p_value))
    if effect.forces_defective:
        broken = _ruled(effect, "A rule of the domain knowledge is broken.")
        return "defective", RULE_CONFIDENCE if effect.is_sure else BORDER_CONFIDENCE, (broken, *findings)
    if effect.needs_a_person:
        doubt = _ruled(effect, "A rule of the domain knowledge may be broken: a person should look.")
        return "review", UNDECIDED, (doubt, *findings)
    if effect.permits_normal and label != "normal":
        within = _ruled(
            effect,
            "Normal within tolerance: the part differs from its references, and all of it keeps the limits.",
        )
        return "normal", RULE_CONFIDENCE, (within, *findings)
    return None


def unknown_product(evidence: ReferenceEvidence) -> Reason:
    """The reason where no registered product is near enough."""
    return _reason(evidence, "unknown product", "Unknown product: no registered product is near enough.")


def poor_image(evidence: ReferenceEvidence) -> Reason:
    """The reason where the photograph cannot be judged."""
    return _reason(evidence, "image quality", f"Poor image: {'; '.join(evidence.quality.findings)}.")


def _reason(evidence: ReferenceEvidence, kind: ReasonKind, text: str) -> Reason:
    return Reason(kind=kind, text=text, evidence=(evidence.id,))


def _ruled(effect: VerdictEffect, text: str) -> Reason:
    return Reason(kind="rule", text=text, evidence=effect.findings)


def _score(evidence: ReferenceEvidence, score: float, threshold: float, p_value: float) -> Reason:
    ignored = f" {100 * evidence.ignored:.0f} % of the photograph is ignored." if evidence.ignored else ""
    return _reason(
        evidence,
        "score",
        f"Score {score:.2f} (1 is a typical normal part), {threshold_in_words(threshold, evidence.strictness)}, "
        f"p = {p_value:.3f}.{ignored}",
    )


def _where(evidence: ReferenceEvidence) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            kind="region",
            text=f"{region_in_words(region)}.",
            evidence=(region.id,),
        )
        for region in evidence.regions[:3]
    )


def _matches(evidence: ReferenceEvidence) -> tuple[Reason, ...]:
    return tuple(
        _reason(
            evidence,
            "unknown product",
            f"Nearest is {found.product}, similarity {found.similarity:.2f}.",
        )
        for found in evidence.matches[:1]
    )


def _resemblance(evidence: ReferenceEvidence) -> tuple[Reason, ...]:
    """Says so when the image does not resemble the product that was named."""
    own = next((match for match in evidence.matches if match.product == evidence.product), None)
    if own is None or own.resembles:
        return ()
    nearest = evidence.matches[0]
    hint = f"; it is nearer to {nearest.product}" if nearest.product != own.product else ""
    told = f"The image does not resemble {own.product} (similarity {own.similarity:.2f}){hint}."
    return (_reason(evidence, "other product", told),)
