"""A number with its unit, as a card states it: ``2 mm``, ``0.5 mm2``, ``40 px``, ``0.2 %``."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

LengthUnit = Literal["mm", "px", "%"]
AreaUnit = Literal["mm2", "px2", "%"]

_NUMBER_AND_UNIT = re.compile(r"^\s*(\d{1,15}(?:\.\d{1,15})?)\s*(\S{0,20})\s*$")
_SPELLINGS = {"mm²": "mm2", "mm^2": "mm2", "px²": "px2", "px^2": "px2", "percent": "%"}


class Length(BaseModel):
    """A length; ``%`` is of the image's longer side."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: float = Field(gt=0)
    unit: LengthUnit

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}"


class Area(BaseModel):
    """An area; ``%`` is of the image's area."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: float = Field(gt=0)
    unit: AreaUnit

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}"


def split_quantity(text: str, units: tuple[str, ...]) -> tuple[float, str]:
    """Splits ``2 mm`` into its number and its unit.

    Args:
        text: What the card says.
        units: The units that are allowed here.

    Raises:
        ValueError: The text is no number with one of the units.
    """
    allowed = ", ".join(units)
    match = _NUMBER_AND_UNIT.match(text)
    if match is None:
        raise ValueError(f"'{text[:100]}' is no number with a unit: write for example '2 {units[0]}'")
    number, unit = float(match.group(1)), _SPELLINGS.get(match.group(2), match.group(2))
    if not unit:
        raise ValueError(f"'{text}' has no unit: write '{text} {units[0]}' (units here: {allowed})")
    if unit not in units:
        raise ValueError(f"'{unit}' is no unit that can be used here: use one of {allowed}")
    if number <= 0:
        raise ValueError(f"'{text}' allows nothing: write a number above 0, or leave the tolerance out")
    return number, unit


def _length(raw: object) -> object:
    if isinstance(raw, Length):
        return raw
    value, unit = split_quantity(str(raw), ("mm", "px", "%"))
    return {"value": value, "unit": unit}


def _area(raw: object) -> object:
    if isinstance(raw, Area):
        return raw
    value, unit = split_quantity(str(raw), ("mm2", "px2", "%"))
    return {"value": value, "unit": unit}


def _json_schema(units: str, example: str) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "string", "pattern": rf"^\d+(\.\d+)?\s*({units})$", "examples": [example]}, mode="validation"
    )


LengthLimit = Annotated[Length, BeforeValidator(_length), _json_schema("mm|px|%", "2 mm")]
AreaLimit = Annotated[Area, BeforeValidator(_area), _json_schema("mm2|px2|%", "0.5 mm2")]
