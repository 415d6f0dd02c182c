"""What the Decision Maker said in each attempt, and what a person answered."""

from typing import Literal

from pydantic import Field, model_validator

from echo_agent.state.reason import Reason
from echo_agent.state.value import Confidence, Label, Probability, Value


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
        answer: A language model's answer to the question, where one was asked.
        defect_type: Defect type, where it names one.
        probabilities: Probability of each label as the Decision Maker scored them.
        measured_defective: Probability of a defect by the measured evidence alone that a language model's word was
            joined with; None where it was joined with none.
        reasons: Why; each is printed as its sentence.
        stands_out: That the score is above the threshold, at this look or one before, whether a language model was
            shown it or not; empty where it is not, and where no model decided.
        seconds: Time the decision took.
        input_tokens: Tokens read, for a language model.
        output_tokens: Tokens written.
        prompt: What a language model was asked, its photographs by their digests; empty where none was.
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
    measured_defective: Probability | None = None
    confidence_calibrated: bool = False
    reasons: tuple[Reason, ...] = ()
    stands_out: tuple[Reason, ...] = ()
    decided_by: DecidedBy | None = None
    seconds: float = Field(default=0.0, ge=0)
    input_tokens: int | None = None
    output_tokens: int | None = None
    prompt: str = ""
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
    defect_type: str | None = Field(default=None, max_length=200, description="Name of the defect type.")
    who: str = Field(default="", max_length=200, description="Who says so.")
    when: str = Field(default="", max_length=64, description="Time in ISO 8601; set when left out.")
    comment: str = Field(default="", max_length=4000, description="Free text.")
    remember: bool = Field(default=False, description="Let the memory learn it.")

    @model_validator(mode="after")
    def _correction_has_a_label(self) -> "HumanAnswer":
        if self.action == "correct" and self.label is None:
            raise ValueError("a correction needs a label: normal or defective")
        return self
