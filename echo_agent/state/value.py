"""The base of the frozen value types, and the plain types that they share."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Label = Literal["normal", "defective", "review"]
Confidence = Annotated[float, Field(ge=0.0, le=1.0)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]

Progress = Callable[[int, int], None]
"""What is called while work goes on, with how much is done and how much there is."""


class Value(BaseModel):
    """Base of the frozen value types."""

    model_config = ConfigDict(frozen=True, extra="forbid")
