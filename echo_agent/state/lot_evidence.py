"""What the other parts of its lot say of a part."""

from pydantic import Field

from echo_agent.state.value import Probability, Value


class LotEvidence(Value):
    """How a part looks beside the other parts of its lot, none of which need be known to be good.

    Attributes:
        parts: Parts of the product in the lot.
        declined: Why the lot says nothing, a clause; empty where it does.
        score: How little of the part other parts of the lot have, in multiples of a typical reference's.
        p_value: Share of good parts expected to score as high beside the same parts, from the references' scores.
        highest_reference: The highest score of a reference.
        median: The score in the middle of the lot.
        stand_out: Share of the lot's parts whose score by the references is above those of all references.
    """

    parts: int = Field(ge=1)
    declined: str = ""
    score: float | None = None
    p_value: Probability | None = None
    highest_reference: float | None = None
    median: float | None = None
    stand_out: Probability | None = None
