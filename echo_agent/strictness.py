"""How strict an inspection is: what may be said of it in several places, and which of them counts."""

import difflib
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from echo_agent.errors import SettingsError

Origin = Literal["call", "product", "card", "environment", "default"]
"""Where a setting comes from, the strongest first: the option or ``Context`` of the run, the product's own setting, its
knowledge card, an ``ECHO_`` variable, Echo itself."""


def _share(given: object) -> object:
    """Reads a share as people write it: ``0.05``, ``0,05``, ``5 %``."""
    if not isinstance(given, str):
        return given
    text, percent = given.strip().replace(",", ".").removesuffix("%"), given.strip().endswith("%")
    try:
        return float(text) / (100 if percent else 1)
    except ValueError:
        return given


Rate = Annotated[float, Field(gt=0, lt=1), BeforeValidator(_share)]
LeastConfidence = Annotated[float, Field(ge=0.5, le=1), BeforeValidator(_share)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StrictnessSettings(_Frozen):
    """What one place says of how strict Echo shall be; None where it says nothing."""

    max_false_reject: Rate | None = Field(
        default=None,
        description="Expected share of good parts that may be called defective: sets the threshold.",
    )
    max_escape: Rate | None = Field(
        default=None, description="Expected share of defective parts that may be called normal."
    )
    min_confidence: LeastConfidence | None = Field(
        default=None, description="Below this confidence Echo looks again, then asks a person."
    )

    @classmethod
    def of(cls, source: object) -> Self:
        """What an object with these attributes says."""
        return cls.model_validate({name: getattr(source, name) for name in cls.model_fields})

    def changed(self, said: Sequence[str], unsaid: Sequence[str]) -> Self:
        """These settings with others in their place.

        Args:
            said: Such as ``max_false_reject=0.05``.
            unsaid: Names of settings that are given no longer.

        Raises:
            SettingsError: A setting is not known, or its value cannot be.
        """
        values: dict[str, object] = dict(self.said())
        for each in said:
            setting, _, value = each.partition("=")
            values[_known(setting.strip())] = value.strip()
        for setting in unsaid:
            values.pop(_known(setting.strip()), None)
        try:
            return type(self).model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            example = 0.6 if name == "min_confidence" else 0.05
            raise SettingsError(
                f"{name} cannot be {first['input']!r}: {first['msg']}, such as {name}={example}"
            ) from error

    def said(self) -> dict[str, float]:
        """The settings that are given, by name."""
        return self.model_dump(exclude_none=True)


def _known(name: str) -> str:
    known = list(StrictnessSettings.model_fields)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"it is one of {', '.join(known)}"
        raise SettingsError(f"{name!r} is no setting of a product: {remedy}")
    return name


class Strictness(_Frozen):
    """How strict one inspection is.

    Attributes:
        max_false_reject: Expected share of good parts that may be called defective; sets the threshold.
        max_escape: Expected share of defective parts that may be called normal; counts once a product has enough
            confirmed defects.
        min_confidence: Below it the graph looks again, then asks a person.
        max_false_reject_from: Where the first comes from.
        max_escape_from: Where the second comes from.
        min_confidence_from: Where the third comes from.
    """

    max_false_reject: Rate = 0.10
    max_escape: Rate = 0.10
    min_confidence: LeastConfidence = 0.55
    max_false_reject_from: Origin = "default"
    max_escape_from: Origin = "default"
    min_confidence_from: Origin = "default"

    def said_by(self, origin: Origin) -> dict[str, float]:
        """The settings that come from a place, by name."""
        return {
            name: getattr(self, name)
            for name in StrictnessSettings.model_fields
            if getattr(self, f"{name}_from") == origin
        }


def resolved(
    *,
    call: StrictnessSettings,
    product: StrictnessSettings,
    card: StrictnessSettings,
    environment: StrictnessSettings,
) -> Strictness:
    """Takes each setting from the strongest place that gives it; Echo's default where none does."""
    weakest_first: tuple[tuple[Origin, StrictnessSettings], ...] = (
        ("environment", environment),
        ("card", card),
        ("product", product),
        ("call", call),
    )
    found: dict[str, object] = {}
    for origin, settings in weakest_first:
        for name, value in settings.said().items():
            found |= {name: value, f"{name}_from": origin}
    return Strictness.model_validate(found)
