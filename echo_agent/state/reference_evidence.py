"""What the Reference Extractor found: the part beside its references, and what they allow to promise."""

from typing import Any

from pydantic import Field, model_validator

from echo_agent.state.image import ImageRef, Region
from echo_agent.state.lot_evidence import LotEvidence
from echo_agent.state.value import Probability, Value
from echo_agent.strictness import Strictness


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
        normals: Number of distinct good parts the threshold rests on: photographs that repeat each other count once.
        photographs: Number of photographs of them; None where each is a part of its own.
        expected_false_reject: Expected false-reject rate of the threshold, ``k / (n + 1)``.
        bound_95: Rate that is not exceeded with 95 % confidence.
        normals_missing: How many more normals the wanted rate needs (0 when it is reached).
    """

    normals: int = Field(ge=0)
    photographs: int | None = Field(default=None, ge=0)
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
    """Whether the photograph can be judged.

    Attributes:
        acceptable: Whether it can.
        findings: What is wrong, measured against the references.
        measured: Value of each measure, on its own scale; see ``echo_agent.vision.quality.measure``.
    """

    acceptable: bool = True
    findings: tuple[str, ...] = ()
    measured: dict[str, float] = Field(default_factory=dict)


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
        escalation_level: 0 for the first look, higher for finer evidence.
        last_level: The highest there is.
        next_encoder: A second encoder that has not looked yet and that the next level brings; None where none does.
        ignored: Share of the photograph that does not count.
        joint: Whether two encoders looked together.
        seen_by: The encoders that looked, each with the multiple of its resolution: ``dinov2-small at 1``.
        score: Image score in multiples of a typical normal part's (1 is the median of the left-out references).
        threshold: Score above which the part is called defective; None while uncalibrated.
        pass_threshold: Score below which it may be called normal, from the product's confirmed defects; None where
            they are too few for the wanted escape rate.
        escape_guarantee: What those defects allow to promise of it; None like the pass threshold.
        p_value: Share of normals expected to score as high, ``(1 + #{>=}) / (n + 1)``; None while uncalibrated.
        tail_p_value: The same by a Student t prediction on log scores: finer than 1/(n+1), but a model.
        guarantee: What the normals allow to promise.
        strictness: How strict the inspection is: what the thresholds are set for, and who said so.
        quality: Whether the photograph can be judged.
        regions: Suspicious areas, most suspicious first.
        places: Shares of a 3 x 3 grid, row by row: how likely the middle of a defect lies there, if there is one.
        map_id: Name under which the anomaly map is kept.
        lot: What the other parts of its lot say of it; None where it was not judged in a lot.
        lost: What of the memory is missing or damaged and took no part, a sentence each.
    """

    id: str = "E1"
    product: str | None
    product_given: bool
    matches: tuple[ProductMatch, ...]
    references: tuple[Reference, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()
    memory_version: int | None = None
    encoder: str = ""
    escalation_level: int = Field(default=0, ge=0)
    last_level: int = Field(default=2, ge=0)
    next_encoder: str | None = None
    ignored: Probability = 0.0
    joint: bool = False
    seen_by: tuple[str, ...] = ()
    score: float | None = None
    threshold: float | None = None
    pass_threshold: float | None = None
    escape_guarantee: EscapeGuarantee | None = None
    p_value: Probability | None = None
    tail_p_value: Probability | None = None
    guarantee: Guarantee | None = None
    strictness: Strictness = Strictness()
    quality: ImageQuality = ImageQuality()
    regions: tuple[Region, ...] = ()
    places: tuple[float, ...] = ()
    map_id: str | None = None
    lot: LotEvidence | None = None
    lost: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _earlier_name(cls, given: Any) -> Any:
        """Reads the name that conversations kept before have for the escalation level."""
        if not isinstance(given, dict) or "effort" not in given:
            return given
        rest = {name: value for name, value in given.items() if name != "effort"}
        return {**rest, "escalation_level": given["effort"]}
