"""What a Decision Maker's model is shown, and what it gives back."""

from typing import Literal, get_args

from pydantic import Field

from echo_agent.state import (
    Answer,
    DecidedBy,
    ImageRef,
    KnowledgeEvidence,
    Probability,
    Question,
    ReferenceEvidence,
    Trace,
    Value,
)

Path = Literal["fast", "reasoned"]
PATHS: tuple[Path, ...] = get_args(Path)


class Crop(Value):
    """A suspicious region enlarged, beside the same place of the nearest reference.

    Attributes:
        region: Id of the region, such as ``R1``.
        query: The region in the inspected image.
        reference: The same place of the reference; None where there is none.
    """

    region: str
    query: ImageRef
    reference: ImageRef | None = None


class Case(Value):
    """One decision to be made.

    Attributes:
        image: The inspected image.
        references: Images of good parts to compare with, nearest first.
        crops: Enlarged regions.
        evidence: What the Reference Extractor found; None where it takes no part.
        knowledge: What the Knowledge Guide found; None where it takes no part.
        trace: The Reasoning Expert's steps; None on the fast path.
        question: The caller's question.
        path: Whether the model decides at once or after stepwise reasoning; each is calibrated apart.
        orders: In how many orders the options are shown.
        max_pixels: Pixels an image is reduced to at most; None for the model's own limit.
    """

    image: ImageRef
    references: tuple[ImageRef, ...] = ()
    crops: tuple[Crop, ...] = ()
    evidence: ReferenceEvidence | None = None
    knowledge: KnowledgeEvidence | None = None
    trace: Trace | None = None
    question: Question | None = None
    path: Path = "fast"
    orders: int = Field(default=2, ge=1)
    max_pixels: int | None = Field(default=None, gt=0)


class Decision(Value):
    """What the model made of a case: its own word, not yet joined with the evidence.

    Attributes:
        normal: Probability that the part is normal, averaged over the orders.
        defective: Probability that it is defective.
        defect_types: Probability of each defect type of the card, given that the part is defective.
        answer: Answer to the caller's question.
        decided_by: Model, revision and dtype.
        prompt: What it was asked, its photographs by their digests.
        notes: What had to be changed to get the decision, in sentences (a smaller pixel budget).
        seconds: Time it took.
        input_tokens: Tokens read.
        output_tokens: Tokens written.
    """

    normal: Probability
    defective: Probability
    defect_types: dict[str, float] = Field(default_factory=dict)
    answer: Answer | None = None
    decided_by: DecidedBy
    prompt: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = Field(default=0.0, ge=0)
    input_tokens: int | None = None
    output_tokens: int | None = None
