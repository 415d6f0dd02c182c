"""What another limit would mean for the regions that were measured."""

from collections.abc import Sequence

from pydantic import TypeAdapter

from echo_agent.knowledge.measurement import Frame, Measured, area_of, length_of
from echo_agent.knowledge.quantity import Area, AreaLimit, Length, LengthLimit
from echo_agent.state import Region

_LENGTH: TypeAdapter[Length] = TypeAdapter(LengthLimit)
_AREA: TypeAdapter[Area] = TypeAdapter(AreaLimit)


def suppose_limit(limit: str, regions: Sequence[Region], frame: Frame) -> str:
    """Holds measured regions against a limit that a person supposes.

    Args:
        limit: A length or an area, such as ``3 mm``, ``0.5 mm2`` or ``2 %`` (a length, of the longer side).
        regions: The regions.
        frame: The image that they were measured on.

    Returns:
        Sentences that say which region would keep it; the verdict itself is not changed.
    """
    if float(limit.split(maxsplit=1)[0]) <= 0:
        return "A limit of nothing allows nothing: name a limit above 0."
    if not regions:
        return f"No area was measured, so a limit of {limit} would change nothing [E1]."
    told = [_held(limit, region, frame) for region in regions]
    return " ".join([*told, "This supposes a limit; the verdict stands as it is."])


def _held(limit: str, region: Region, frame: Frame) -> str:
    supposed = _AREA.validate_python(limit) if limit.endswith("2") else _LENGTH.validate_python(limit)
    most, unit = supposed.value, supposed.unit
    if isinstance(supposed, Area):
        quantity, found = "area", area_of(region, supposed, frame)
    else:
        quantity, found = "length", length_of(region, supposed, frame)
    if found is None:
        return f"{region.id}: I cannot tell in {unit}, no card gives a scale for this image [{region.id}]."
    size = f"the {quantity} of {region.id} is {found.value:.3g} {unit} ({found.low:.3g} to {found.high:.3g})"
    return f"With a limit of {limit}, {region.id} {_outcome(found, most)}: {size} [{region.id}]."


def _outcome(found: Measured, most: float) -> str:
    if found.high <= most:
        return "would be within it"
    return "would exceed it" if found.low > most else "cannot be told, its border is too uncertain"
