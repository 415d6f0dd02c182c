"""The typed state that all experts share, and the value types in it.

Value types are frozen. Pixels never enter the state: an image is an ``ImageRef``, a map is kept beside the memory
and named by its ``map_id``. Boxes are in pixels of the upright image, right and bottom exclusive.
"""

from typing import Annotated, Literal

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages
from pydantic import BaseModel, ConfigDict, Field, model_validator

Label = Literal["normal", "defective", "review"]
Outcome = Literal["within", "exceeds", "cannot tell"]
QuestionKind = Literal["discrimination", "type", "place", "look", "effect", "object", "other"]
Confidence = Annotated[float, Field(ge=0.0, le=1.0)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]

MOST_REGIONS = 10
"""Regions of an image that are measured at most; where there are as many, there may be more."""


class Value(BaseModel):
    """Base of the frozen value types."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageRef(Value):
    """An image by reference.

    Attributes:
        uri: Where it can be read: a path on disk.
        sha256: Digest of the file's bytes, the image's identity.
        width: Width in pixels, upright (EXIF orientation applied).
        height: Height in pixels, upright.
    """

    uri: str
    sha256: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class Question(Value):
    """A question about the part, free or with closed options (letter to text)."""

    text: str
    options: dict[str, str] = Field(default_factory=dict)


class Box(Value):
    """An axis-aligned box in pixels; ``right`` and ``bottom`` are exclusive."""

    left: int = Field(ge=0)
    top: int = Field(ge=0)
    right: int = Field(gt=0)
    bottom: int = Field(gt=0)


class Region(Value):
    """A connected suspicious area of the anomaly map.

    Attributes:
        id: Its name in the evidence, ``R1`` for the most suspicious.
        box: Its bounding box.
        area_px: Area in pixels with the border at a share of the peak's height over the ground.
        area_px_low: Area with the border higher up (its uncertainty, lower end); 0 where it may be no region at all.
        area_px_high: Area with the border further down (upper end).
        length_px: Longest extent in pixels (largest distance between two of its pixels).
        peak: Highest calibrated map value in it (1 is the map threshold).
        mean: Mean calibrated map value in it.
        place: Where it lies, in words of a 3 x 3 grid, such as ``top left`` or ``centre``.
    """

    id: str
    box: Box
    area_px: int = Field(ge=1)
    area_px_low: int = Field(ge=0)
    area_px_high: int = Field(ge=1)
    length_px: float = Field(gt=0)
    peak: float
    mean: float
    place: str


class Reference(Value):
    """A retrieved normal image with its cosine similarity to the query (-1 to 1)."""

    id: str
    image: ImageRef
    similarity: float


class Exemplar(Value):
    """A defect that a person confirmed, beside the image that is inspected.

    Attributes:
        id: Its name in the evidence, ``X1`` for the most similar.
        image: The photograph of the defect.
        similarity: Of the most unusual places of both images (mean cosine of their patches, -1 to 1).
        resembles: Whether the image's most unusual place is more similar to this defect than to any reference.
        defect_type: What the person called it.
        who: The person.
        when: Time of the answer, ISO 8601.
    """

    id: str
    image: ImageRef
    similarity: float
    resembles: bool
    defect_type: str | None = None
    who: str = ""
    when: str = ""


class ProductMatch(Value):
    """How far a query resembles a product: the similarity of its nearest reference (cosine, -1 to 1)."""

    product: str
    similarity: float
    resembles: bool = Field(
        description="Whether the similarity lies in the range of the product's own references."
    )


class Guarantee(Value):
    """What n calibration normals allow to promise about false rejects.

    Attributes:
        normals: Number of normals the threshold rests on.
        expected_false_reject: Expected false-reject rate of the threshold, ``k / (n + 1)``.
        bound_95: Rate that is not exceeded with 95 % confidence.
        normals_missing: How many more normals the wanted rate needs (0 when it is reached).
    """

    normals: int = Field(ge=0)
    expected_false_reject: Probability | None
    bound_95: Probability | None
    normals_missing: int = Field(ge=0)


class EscapeGuarantee(Value):
    """What m labelled defective parts allow to promise about escapes.

    Attributes:
        defects: Number of defective parts the threshold rests on.
        expected_escape: Expected escape rate of the threshold, ``k / (m + 1)``; None without defective parts.
        bound_95: Rate that is not exceeded with 95 % confidence.
        defects_missing: How many more defective parts the wanted rate needs (0 when it is reached).
    """

    defects: int = Field(ge=0)
    expected_escape: Probability | None
    bound_95: Probability | None
    defects_missing: int = Field(ge=0)


class ImageQuality(Value):
    """Whether the photograph can be judged: each finding says what is wrong, measured against the references."""

    acceptable: bool = True
    findings: tuple[str, ...] = ()


class ReferenceEvidence(Value):
    """What the Reference Extractor found.

    Attributes:
        product: The product whose references were compared; None when no product is near enough.
        product_given: Whether the caller named it.
        matches: The nearest products, best first.
        references: The nearest references, best first.
        exemplars: The nearest defects that a person confirmed, best first.
        memory_version: Version of the product's memory.
        encoder: Id of the encoder.
        effort: 0 for the first look, higher for finer evidence.
        score: Image score in multiples of a typical normal part's (1 is the median of the left-out references).
        threshold: Score above which the part is called defective; None while uncalibrated.
        pass_threshold: Score below which it may be called normal, from the product's confirmed defects; None where
            they are too few for the wanted escape rate.
        escape_guarantee: What those defects allow to promise of it; None like the pass threshold.
        p_value: Share of normals expected to score as high, ``(1 + #{>=}) / (n + 1)``; None while uncalibrated.
        tail_p_value: The same by a Student t prediction on log scores: finer than 1/(n+1), but a model.
        guarantee: What the normals allow to promise.
        quality: Whether the photograph can be judged.
        regions: Suspicious areas, most suspicious first.
        places: Shares of a 3 x 3 grid, row by row: how likely the middle of a defect lies there, if there is one.
        map_id: Name under which the anomaly map is kept.
    """

    id: str = "E1"
    product: str | None
    product_given: bool
    matches: tuple[ProductMatch, ...]
    references: tuple[Reference, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()
    memory_version: int | None = None
    encoder: str = ""
    effort: int = Field(default=0, ge=0)
    score: float | None = None
    threshold: float | None = None
    pass_threshold: float | None = None
    escape_guarantee: EscapeGuarantee | None = None
    p_value: Probability | None = None
    tail_p_value: Probability | None = None
    guarantee: Guarantee | None = None
    quality: ImageQuality = ImageQuality()
    regions: tuple[Region, ...] = ()
    places: tuple[float, ...] = ()
    map_id: str | None = None


class Citation(Value):
    """A passage of the know-how, with the file and the line it stands on."""

    id: str
    text: str
    file: str
    line: int = Field(ge=1)


class ToleranceFinding(Value):
    """A tolerance held against a measured region.

    Attributes:
        id: Name in the evidence, such as ``T1``.
        rule: The rule in words.
        defect_type: The defect type that the rule belongs to.
        region: Id of the region it was measured on; None for a rule over all regions.
        outcome: ``within``, ``exceeds`` or ``cannot tell``.
        measured: Measured value in ``unit``; None when it could not be measured.
        measured_low: Lower end of the measurement's uncertainty.
        measured_high: Upper end.
        limit: The rule's limit in ``unit``.
        unit: ``mm``, ``mm2``, ``px``, ``px2``, ``%`` (of the image) or ``count``.
        zone: Zone the region lies in, where the card names zones.
        reason: One sentence for a person.
    """

    id: str
    rule: str
    defect_type: str
    region: str | None
    outcome: Outcome
    measured: float | None
    measured_low: float | None = None
    measured_high: float | None = None
    limit: float
    unit: str
    zone: str | None = None
    reason: str


class CountedPlace(Value):
    """A place of a checklist's statement where a thing should be.

    Attributes:
        place: Where it is on the photograph that the card draws it on, such as ``bottom left``.
        presence: Whether the thing is there.
        box: The place in this photograph; None where it could not be found, or lies outside.
        reason: For "cannot tell", one clause.
    """

    place: str
    presence: Literal["present", "missing", "cannot tell"]
    box: Box | None = None
    reason: str = ""


class ChecklistFinding(Value):
    """A countable statement of the card, answered or not.

    Attributes:
        id: Name in the evidence, such as ``C1``.
        statement: The statement, such as ``four screws are present``.
        holds: True, False, or None for "cannot tell".
        expected: Expected count, where the statement counts.
        counted: Count that was found; None where a place cannot be told.
        places: The places where the things were looked for.
        answered_by: The language model that answered; None where the answer was measured.
        reason: One sentence for a person.
    """

    id: str
    statement: str
    holds: bool | None
    expected: int | None = None
    counted: int | None = None
    places: tuple[CountedPlace, ...] = ()
    answered_by: str | None = None
    reason: str


class KnowledgeEvidence(Value):
    """What the Knowledge Guide found.

    Attributes:
        product: Product of the card; None when there is no card.
        card_file: File of the card.
        normal: The card's description of the normal state.
        defect_types: Names of the card's defect types.
        citations: Passages that apply.
        tolerances: Tolerances held against the measured regions.
        checklist: Answers to the card's countable statements.
    """

    id: str = "K"
    product: str | None = None
    card_file: str | None = None
    normal: str = ""
    defect_types: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    tolerances: tuple[ToleranceFinding, ...] = ()
    checklist: tuple[ChecklistFinding, ...] = ()


class Route(Value):
    """What the router chose, and why.

    Attributes:
        next: ``reasoning_expert`` or ``decision_maker``.
        kind: The kind of question that was recognised.
        use: Experts whose evidence the Decision Maker may see.
        why: One sentence.
    """

    next: Literal["reasoning_expert", "decision_maker"]
    kind: QuestionKind = "discrimination"
    use: tuple[Literal["reference", "knowledge", "reasoning"], ...] = ("reference", "knowledge", "reasoning")
    why: str


class TraceStep(Value):
    """A step of the reasoning with the ids of the evidence it stands on."""

    kind: Literal["observe", "compare", "measure", "weigh", "conclude"]
    text: str
    evidence: tuple[str, ...] = ()


class ToolCall(Value):
    """A tool that a model called while it reasoned; steps may stand on its ``id``, such as ``A1``."""

    id: str
    tool: str
    arguments: str
    result: str


class Trace(Value):
    """The Reasoning Expert's steps, what it looked at for them, and who wrote them (``measured`` or a model's name)."""

    steps: tuple[TraceStep, ...]
    calls: tuple[ToolCall, ...] = ()
    written_by: str = "measured"


class DecidedBy(Value):
    """Who decided: the Decision Maker's name, model and revision (and dtype, for a local model)."""

    name: str
    model: str
    revision: str
    dtype: str | None = None


class Answer(Value):
    """The answer to the caller's question.

    Attributes:
        letter: Letter of the chosen option; None for a free question or when it is declined.
        text: The answer in words.
        confidence: Probability that it is right.
        probabilities: Probability of each option.
        guess: Whether it is a guess, from how texts (or a shape and a text) resemble each other.
        declined: Whether the Decision Maker declines to answer.
    """

    letter: str | None = None
    text: str
    confidence: Confidence | None = None
    probabilities: dict[str, float] = Field(default_factory=dict)
    guess: bool = False
    declined: bool = False


class Attempt(Value):
    """One decision; a retry is a further attempt.

    Attributes:
        number: 1 for the first.
        label: The label that this attempt came to.
        confidence: Its confidence.
        changed: What was changed against the attempt before.
        path: Whether it was decided on the fast path or with stepwise reasoning.
        score: Image score that it saw.
        p_value: p-value that it saw.
        answer: Answer to the question, where one was asked.
        defect_type: Defect type, where it names one.
        probabilities: Probability of each label as the Decision Maker scored them.
        reasons: Its reasons, in sentences.
        seconds: Time the decision took.
        input_tokens: Tokens read, for a language model.
        output_tokens: Tokens written.
        error: What went wrong, where something did (an unreadable answer, a timeout).
    """

    number: int = Field(ge=1)
    label: Label
    confidence: Confidence
    changed: str
    path: Literal["fast", "reasoned"] = "fast"
    score: float | None = None
    p_value: Probability | None = None
    answer: Answer | None = None
    defect_type: str | None = None
    probabilities: dict[str, float] = Field(default_factory=dict)
    confidence_calibrated: bool = False
    reasons: tuple[str, ...] = ()
    decided_by: DecidedBy | None = None
    seconds: float = Field(default=0.0, ge=0)
    input_tokens: int | None = None
    output_tokens: int | None = None
    error: str | None = None


class HumanAnswer(Value):
    """What a person said of an inspection.

    Attributes:
        action: ``accept`` the proposed label, ``correct`` it, or ask for another ``photo``.
        label: The corrected label, for ``correct``.
        defect_type: The defect type, where the person names one.
        who: The person.
        when: Time in ISO 8601, set when the answer is recorded.
        comment: Free text.
        remember: Whether the memory learns it: a good part becomes a reference, a defect an exemplar.
    """

    action: Literal["accept", "correct", "photo"] = Field(
        description="Accept the proposed label, correct it, or ask for another photo."
    )
    label: Literal["normal", "defective"] | None = Field(
        default=None, description="What the part is; needed to correct, and to accept a review."
    )
    defect_type: str | None = Field(default=None, description="Name of the defect type.")
    who: str = Field(default="", description="Who says so.")
    when: str = Field(default="", description="Time in ISO 8601; set when left out.")
    comment: str = ""
    remember: bool = Field(default=False, description="Let the memory learn it.")

    @model_validator(mode="after")
    def _correction_has_a_label(self) -> "HumanAnswer":
        if self.action == "correct" and self.label is None:
            raise ValueError("a correction needs a label: normal or defective")
        return self


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


class State(BaseModel):
    """One inspection on its way through the graph. Each expert writes its own field and reads those of the others."""

    model_config = ConfigDict(extra="forbid")

    messages: Annotated[list[AnyMessage], add_messages] = Field(default_factory=list)
    image: ImageRef | None = None
    product: str | None = None
    question: Question | None = None
    effort: int = 0
    reference: ReferenceEvidence | None = None
    knowledge: KnowledgeEvidence | None = None
    route: Route | None = None
    trace: Trace | None = None
    attempts: tuple[Attempt, ...] = ()
    human: HumanAnswer | None = None
    verdict: Verdict | None = None
    timings: dict[str, float] = Field(default_factory=dict)
