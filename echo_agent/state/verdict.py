"""What Echo says of a part."""

from pydantic import Field

from echo_agent.state.decision import Answer, Attempt, DecidedBy, HumanAnswer
from echo_agent.state.image import Region
from echo_agent.state.knowledge_evidence import KnowledgeEvidence
from echo_agent.state.reasoning import Trace
from echo_agent.state.reference_evidence import EscapeGuarantee, Exemplar, Guarantee, Reference
from echo_agent.state.value import Confidence, Label, Probability, Value


class Verdict(Value):
    """What Echo says of a part.

    Attributes:
        label: ``normal``, ``defective`` or ``review`` (a person should look).
        confidence: Probability (0..1) that the label is right; for ``review`` that of the likelier of the other two.
        defect_type: Name of the defect type, where one is known.
        regions: Suspicious areas.
        reasons: Why, in sentences.
        references: Nearest normal images that it was compared with.
        exemplars: Nearest defects that a person confirmed.
        knowledge: Passages, tolerances and checklist that were used.
        decided_by: Who decided.
        confidence_calibrated: Whether the confidence was fitted on labelled images.
        attempts: One entry an attempt, with label, confidence and what changed.
        score: Image score, in multiples of a typical normal part's.
        threshold: Score above which a part is defective; None while uncalibrated.
        pass_threshold: Score below which it may be normal; None with too few confirmed defects.
        escape_guarantee: What the confirmed defects allow to promise about escapes; None like the pass threshold.
        p_value: Share of normals expected to score as high.
        guarantee: What the normals allow to promise about false rejects.
        product: Product that it was compared with.
        product_given: Whether the caller named it.
        memory_version: Version of that product's memory.
        map_id: Name of the anomaly map.
        trace: The Reasoning Expert's steps.
        answer: Answer to the question, where one was asked.
        human: What a person said, where one was asked.
        timings: Seconds per node, summed over attempts.
    """

    label: Label
    confidence: Confidence
    defect_type: str | None = None
    regions: tuple[Region, ...] = ()
    reasons: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()
    knowledge: KnowledgeEvidence | None = None
    decided_by: DecidedBy
    confidence_calibrated: bool = False
    attempts: tuple[Attempt, ...] = ()
    score: float | None = None
    threshold: float | None = None
    pass_threshold: float | None = None
    escape_guarantee: EscapeGuarantee | None = None
    p_value: Probability | None = None
    guarantee: Guarantee | None = None
    product: str | None = None
    product_given: bool = False
    memory_version: int | None = None
    map_id: str | None = None
    trace: Trace | None = None
    answer: Answer | None = None
    human: HumanAnswer | None = None
    timings: dict[str, float] = Field(default_factory=dict)
