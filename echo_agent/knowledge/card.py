"""The schema of ``card.yaml``: how a product looks, what goes wrong with it, and how much of it is allowed.

Only ``schema_version``, ``product`` and ``normal`` must be there. Unknown keys are refused, so that a slip of
the pen in a tolerance cannot pass unnoticed. The version rises when a card of the old one no longer reads.
"""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from echo_agent.knowledge.quantity import AreaLimit, LengthLimit
from echo_agent.names import canonical_name
from echo_agent.strictness import StrictnessSettings

SCHEMA_VERSION = 1
ANY_DEFECT = "any"

MAX_CHARACTERS = 10_000
MAX_ENTRIES = 300
"""Zones, defect types, tolerances, statements and places of a card at most."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_CHARACTERS)]
Relative = Annotated[float, Field(ge=0, le=1)]
Point = tuple[Relative, Relative]
RelativeBox = tuple[Relative, Relative, Relative, Relative]
Polygon = Annotated[tuple[Point, ...], Field(min_length=3, max_length=MAX_ENTRIES)]
Severity = Literal["minor", "major", "critical"]
Criticality = Literal["low", "medium", "high"]


class Part(BaseModel):
    """Base of the parts of a card."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ReferenceLength(Part):
    """A length that was measured on a photograph."""

    mm: float = Field(gt=0, description="The length in millimetres, measured on the part.")
    pixels: float = Field(gt=0, description="The same length in pixels of the photograph.")


class Scale(Part):
    """How large a pixel is, said in exactly one of three ways. Without a scale nothing is told in mm."""

    mm_per_pixel: float | None = Field(default=None, gt=0, description="Millimetres a pixel.")
    reference_length: ReferenceLength | None = Field(
        default=None, description="A known length and its pixels, such as the part's width."
    )
    image_width_mm: float | None = Field(
        default=None, gt=0, description="Width of the whole field of view: holds at every resolution."
    )
    image_width_px: int | None = Field(
        default=None,
        gt=0,
        description="Width of the photographs the scale was taken on; others are then not measured in mm.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [self.mm_per_pixel, self.reference_length, self.image_width_mm]
        if sum(way is not None for way in ways) != 1:
            raise ValueError(
                "the scale needs exactly one of mm_per_pixel, reference_length and image_width_mm"
            )
        return self

    def millimetres_per_pixel(self, image_width: int) -> float | None:
        """Returns millimetres a pixel on an image of this width; None where the scale does not hold."""
        if self.image_width_px is not None and image_width != self.image_width_px:
            return None
        if self.image_width_mm is not None:
            return self.image_width_mm / image_width
        if self.reference_length is not None:
            return self.reference_length.mm / self.reference_length.pixels
        return self.mm_per_pixel


class Zone(Part):
    """A named part of the image: a box or a polygon, from 0 (left, top) to 1 (right, bottom)."""

    name: Text
    criticality: Criticality = Field(default="medium", description="How much a defect matters here.")
    box: RelativeBox | None = Field(default=None, description="[left, top, right, bottom], each from 0 to 1.")
    polygon: tuple[Point, ...] | None = Field(
        default=None, max_length=MAX_ENTRIES, description="Corners as [x, y], each from 0 to 1."
    )

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        if (self.box is None) == (self.polygon is None):
            raise ValueError(f"zone '{self.name}' needs either a box or a polygon")
        if self.box is not None:
            _check_box(self.box, f"zone '{self.name}'")
        if self.polygon is not None and len(self.polygon) < 3:
            raise ValueError(f"the polygon of zone '{self.name}' needs at least three corners")
        return self


class DefectType(Part):
    """A kind of defect of the product."""

    name: Text = Field(description="Short name, such as 'scratch'.")
    aliases: tuple[Text, ...] = Field(default=(), max_length=MAX_ENTRIES, description="Other names for it.")
    look: Text = Field(description="How it looks in the photograph.")
    cause: Text | None = Field(default=None, description="What brings it about.")
    effect: Text | None = Field(default=None, description="What it does to the part in use.")
    severity: Severity = Field(
        default="major", description="minor: looks only; major: function; critical: safety."
    )
    examples: tuple[Text, ...] = Field(default=(), max_length=MAX_ENTRIES, description="Examples in words.")


class Tolerance(Part):
    """How much of a defect is allowed; every limit that is given must hold."""

    defect: Text = Field(description="A defect type of this card, or 'any' for every deviation.")
    max_length: LengthLimit | None = Field(
        default=None, description="Longest extent of one region: '2 mm', '40 px' or '3 %' of the longer side."
    )
    max_area: AreaLimit | None = Field(
        default=None, description="Area of one region: '0.5 mm2', '300 px2' or '0.2 %' of the image."
    )
    max_count: int | None = Field(default=None, ge=0, description="How many such regions a part may have.")
    zone: Text | None = Field(
        default=None, description="The zone it holds in; everywhere where it is left out."
    )

    @model_validator(mode="after")
    def _some_limit(self) -> Self:
        if self.max_length is None and self.max_area is None and self.max_count is None:
            raise ValueError(
                f"the tolerance for '{self.defect}' has no limit: give max_length, max_area or max_count"
            )
        return self


class ChecklistItem(Part):
    """A statement about the part that can be checked, best one that counts: ``four screws are present``."""

    statement: Text
    count: int | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="Expected count; read from the statement where it is left out.",
    )
    what: Text | None = Field(default=None, description="What is counted, in the plural, such as 'screws'.")
    places: tuple[RelativeBox, ...] = Field(
        default=(),
        max_length=MAX_ENTRIES,
        description="Where the counted things are on one reference: [left, top, right, bottom] from 0 to 1.",
    )
    reference: Text | None = Field(
        default=None,
        max_length=200,
        description="That reference: an image file beside the card, or a reference's SHA-256.",
    )

    @model_validator(mode="after")
    def _places_belong_to_a_reference(self) -> Self:
        if bool(self.places) != (self.reference is not None):
            raise ValueError(
                "places and reference belong together: name the image that the places are drawn on"
            )
        for place in self.places:
            _check_box(place, "a place of the checklist")
        _check_beside(self.reference)
        return self


class Card(Part):
    """A knowledge card: the domain knowledge about one product."""

    schema_version: Literal[1] = Field(description="Version of this schema.")
    product: Text = Field(description="The product's name.")
    aliases: tuple[Text, ...] = Field(
        default=(), max_length=MAX_ENTRIES, description="Other names it is known by."
    )
    normal: Text = Field(description="How a good part looks, and which variation is harmless.")
    scale: Scale | None = Field(
        default=None, description="Size of a pixel; without it mm limits cannot be told."
    )
    zones: tuple[Zone, ...] = Field(default=(), max_length=MAX_ENTRIES)
    turns: Literal["any"] | None = Field(
        default=None, description="any: the part lies at any angle; else found out from the references."
    )
    tiles: Annotated[int, Field(ge=32)] | bool = Field(
        default=False,
        description="true: large photographs are looked at in tiles of 256 pixels too, so that what is small is found; "
        "or another side of the tiles in pixels.",
    )
    ignore: tuple[Polygon, ...] = Field(
        default=(),
        max_length=MAX_ENTRIES,
        description="Regions of the photograph that never count: corners as [x, y], each from 0 to 1.",
    )
    inspect_only: tuple[Polygon, ...] = Field(
        default=(), max_length=MAX_ENTRIES, description="The only regions that count, drawn likewise."
    )
    drawn_on: Text | None = Field(
        default=None,
        max_length=200,
        description="The reference that ignore and inspect_only are drawn on, as for a checklist: they move with the "
        "part. Without it they stay in the picture.",
    )
    defects: tuple[DefectType, ...] = Field(default=(), max_length=MAX_ENTRIES)
    tolerances: tuple[Tolerance, ...] = Field(default=(), max_length=MAX_ENTRIES)
    checklist: tuple[ChecklistItem, ...] = Field(default=(), max_length=MAX_ENTRIES)
    strictness: StrictnessSettings = Field(
        default=StrictnessSettings(),
        description="How strict the product is inspected, unless the run or the product's own setting says otherwise.",
    )
    sources: tuple[Text, ...] = Field(
        default=(), max_length=MAX_ENTRIES, description="Where the domain knowledge comes from."
    )

    @model_validator(mode="after")
    def _regions_are_drawn_on_a_reference(self) -> Self:
        if self.drawn_on is not None and not (self.ignore or self.inspect_only):
            raise ValueError("drawn_on belongs to ignore or inspect_only: draw a region, or leave it out")
        _check_beside(self.drawn_on)
        return self

    def defect(self, name: str) -> DefectType | None:
        """Returns the defect type of that name or alias, or None."""
        wanted = canonical_name(name)
        for defect in self.defects:
            if wanted in {canonical_name(known) for known in (defect.name, *defect.aliases)}:
                return defect
        return None

    def zone(self, name: str) -> Zone | None:
        """Returns the zone of that name, or None."""
        return next((zone for zone in self.zones if canonical_name(zone.name) == canonical_name(name)), None)

    def names(self) -> frozenset[str]:
        """Returns the product's name and aliases in the form in which names are compared."""
        return frozenset(canonical_name(name) for name in (self.product, *self.aliases))


def contradictions(card: Card) -> list[tuple[tuple[str | int, ...], str]]:
    """Finds what each part of a card allows but the card as a whole does not.

    Returns:
        The place in the card (keys and indices) and what is wrong there.
    """
    found: list[tuple[tuple[str | int, ...], str]] = []
    found += _repeated("zones", "zone", [zone.name for zone in card.zones])
    found += _repeated("defects", "defect type", [defect.name for defect in card.defects])
    known_defects = ", ".join(defect.name for defect in card.defects) or "none yet"
    known_zones = ", ".join(zone.name for zone in card.zones) or "none yet"
    for index, tolerance in enumerate(card.tolerances):
        if canonical_name(tolerance.defect) != ANY_DEFECT and card.defect(tolerance.defect) is None:
            message = (
                f"'{tolerance.defect}' is no defect type of this card ({known_defects}): add it to defects"
            )
            found.append((("tolerances", index, "defect"), f"{message}, or write '{ANY_DEFECT}'"))
        if tolerance.zone is not None and card.zone(tolerance.zone) is None:
            message = f"'{tolerance.zone}' is no zone of this card ({known_zones}): add it to zones"
            found.append((("tolerances", index, "zone"), message))
    for index, defect in enumerate(card.defects):
        if canonical_name(defect.name) == ANY_DEFECT:
            found.append(
                (("defects", index, "name"), f"'{ANY_DEFECT}' means every deviation: name the defect type")
            )
    return found


def _repeated(key: str, word: str, names: Sequence[str]) -> list[tuple[tuple[str | int, ...], str]]:
    seen: set[str] = set()
    found: list[tuple[tuple[str | int, ...], str]] = []
    for index, name in enumerate(names):
        if canonical_name(name) in seen:
            found.append(((key, index, "name"), f"the {word} '{name}' is there twice: keep one of the two"))
        seen.add(canonical_name(name))
    return found


def _check_beside(reference: str | None) -> None:
    beside = PurePath(reference or "")
    if beside.is_absolute() or ".." in beside.parts:
        raise ValueError(
            f"'{reference}' does not lie beside the card: put the image there, and name it alone"
        )


def _check_box(box: RelativeBox, what: str) -> None:
    left, top, right, bottom = box
    if left >= right or top >= bottom:
        raise ValueError(
            f"the box of {what} is empty: write [left, top, right, bottom] with left < right, top < bottom"
        )
