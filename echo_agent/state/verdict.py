"""What Echo says of a part."""

from typing import Any

from pydantic import Field, model_validator

from echo_agent.state.decision import Answer, Attempt, DecidedBy, HumanAnswer
from echo_agent.state.image import Region
from echo_agent.state.knowledge_evidence import KnowledgeEvidence
from echo_agent.state.reason import Reason
from echo_agent.state.reasoning import Trace
from echo_agent.state.reference_evidence import (
    EscapeGuarantee,
    Exemplar,
    Guarantee,
    Reference,
    ReferenceEvidence,
)
from echo_agent.state.value import Confidence, Label, Value
from echo_agent.strictness import Origin, Strictness

NO_EVIDENCE = ReferenceEvidence(product=None, product_given=False, matches=())

FLAT_FIELDS = (
    "regions",
    "references",
    "exemplars",
    "score",
    "threshold",
    "pass_threshold",
    "escape_guarantee",
    "p_value",
    "guarantee",
    "strictness",
    "product",
    "product_given",
    "memory_version",
    "map_id",
    "quality",
    "matches",
    "encoder",
    "ignored",
    "lot",
    "lost",
)
"""Fields of the evidence that stand beside the label in a verdict's flat form."""


class Verdict(Value):
    """What Echo says of a part.

    Attributes:
        label: ``normal``, ``defective`` or ``review`` (a person should look).
        confidence: Probability (0..1) that the label is right; for ``review`` that of the likelier of the other two.
        defect_type: Name of the defect type, where one is known.
        reasons: Why; each is printed as its sentence.
        evidence: What the comparison with the references found; None where nothing was compared. Its main fields are
            also read from the verdict itself.
        knowledge: Passages, tolerances and checklist that were used.
        decided_by: Who decided.
        confidence_calibrated: Whether the confidence was fitted on labelled images.
        attempts: One entry an attempt, with label, confidence and what changed.
        trace: The Reasoning Expert's steps.
        answer: Answer to the question, where one was asked.
        human: What a person said, where one was asked.
        timings: Seconds per node, summed over attempts.

    Examples:
        >>> from echo_agent import Inspector, Verdict
        >>> verdict = Inspector.open("echo-memory").inspect("photographs/new/0002.png", product="plate")
        >>> verdict.label, verdict.score > verdict.threshold, verdict.decided_by.name
        ('defective', True, 'measured')
        >>> print(verdict.reasons[0])
        The part differs from its references more than normal parts differ from each other.
        >>> Verdict.model_validate_json(verdict.model_dump_json()) == verdict
        True
    """

    label: Label
    confidence: Confidence
    defect_type: str | None = None
    reasons: tuple[Reason, ...] = ()
    evidence: ReferenceEvidence | None = None
    knowledge: KnowledgeEvidence | None = None
    decided_by: DecidedBy
    confidence_calibrated: bool = False
    attempts: tuple[Attempt, ...] = ()
    trace: Trace | None = None
    answer: Answer | None = None
    human: HumanAnswer | None = None
    timings: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _flat_form(cls, given: Any) -> Any:
        """Reads the flat form, in which the evidence's fields stand beside the label."""
        if not isinstance(given, dict) or "evidence" in given or given.keys().isdisjoint(FLAT_FIELDS):
            return given
        evidence = {"product": None, "product_given": False, "matches": ()}
        evidence |= {name: given[name] for name in FLAT_FIELDS if name in given}
        told = (*FLAT_FIELDS, "threshold_from")
        rest = {name: value for name, value in given.items() if name not in told}
        return {**rest, "evidence": evidence}

    @property
    def regions(self) -> tuple[Region, ...]:
        """Suspicious areas, most suspicious first."""
        return self._found.regions

    @property
    def references(self) -> tuple[Reference, ...]:
        """Nearest normal images that it was compared with."""
        return self._found.references

    @property
    def exemplars(self) -> tuple[Exemplar, ...]:
        """Nearest defects that a person confirmed."""
        return self._found.exemplars

    @property
    def score(self) -> float | None:
        """Image score, in multiples of a typical normal part's."""
        return self._found.score

    @property
    def threshold(self) -> float | None:
        """Score above which a part is defective; None while uncalibrated."""
        return self._found.threshold

    @property
    def pass_threshold(self) -> float | None:
        """Score below which it may be normal; None with too few confirmed defects."""
        return self._found.pass_threshold

    @property
    def escape_guarantee(self) -> EscapeGuarantee | None:
        """What the confirmed defects allow to promise about escapes; None like the pass threshold."""
        return self._found.escape_guarantee

    @property
    def p_value(self) -> float | None:
        """Share of normals expected to score as high (0..1)."""
        return self._found.p_value

    @property
    def guarantee(self) -> Guarantee | None:
        """What the normals allow to promise about false rejects."""
        return self._found.guarantee

    @property
    def strictness(self) -> Strictness:
        """How strict it was inspected: the wanted rates, and where each comes from."""
        return self._found.strictness

    @property
    def threshold_from(self) -> Origin | None:
        """Who set the false-reject rate that the threshold is for; None while uncalibrated."""
        return None if self.threshold is None else self.strictness.max_false_reject_from

    @property
    def product(self) -> str | None:
        """Product that it was compared with."""
        return self._found.product

    @property
    def product_given(self) -> bool:
        """Whether the caller named the product."""
        return self._found.product_given

    @property
    def memory_version(self) -> int | None:
        """Version of that product's memory."""
        return self._found.memory_version

    @property
    def map_id(self) -> str | None:
        """Name under which the anomaly map is kept."""
        return self._found.map_id

    @property
    def _found(self) -> ReferenceEvidence:
        return self.evidence if self.evidence is not None else NO_EVIDENCE


def flat_verdict(verdict: Verdict) -> dict[str, Any]:
    """Returns the flat form of a verdict, as every JSON output of Echo writes it.

    The evidence's fields stand beside the label, reasons are their sentences. ``Verdict.model_validate`` reads it.

    Returns:
        Values that ``json.dumps`` takes.
    """
    flat = verdict.model_dump(mode="json", exclude={"evidence", "reasons", "attempts"})
    found = (verdict.evidence or NO_EVIDENCE).model_dump(mode="json", include=set(FLAT_FIELDS))
    return {
        **flat,
        **{name: found[name] for name in FLAT_FIELDS},
        "threshold_from": verdict.threshold_from,
        "reasons": [reason.text for reason in verdict.reasons],
        "attempts": [flat_attempt(attempt) for attempt in verdict.attempts],
    }


def flat_attempt(attempt: Attempt) -> dict[str, Any]:
    """Returns an attempt for JSON, its reasons as sentences."""
    reasons = [reason.text for reason in attempt.reasons]
    return {**attempt.model_dump(mode="json"), "reasons": reasons}
