"""What another limit would mean for the regions that were measured."""

import re

from pydantic import TypeAdapter

from echo_agent.answers.inspected import Inspected
from echo_agent.answers.regions import no_scale
from echo_agent.knowledge.measurement import Frame, Measured, area_of, length_of
from echo_agent.knowledge.quantity import Area, AreaLimit, Length, LengthLimit
from echo_agent.state import Region
from echo_agent.state.notation import amount, length

_LENGTH: TypeAdapter[Length] = TypeAdapter(LengthLimit)
_AREA: TypeAdapter[Area] = TypeAdapter(AreaLimit)

_LIMIT = re.compile(
    r"(?<![\w.,–-])(-?(?:\d{1,9}(?:[.,]\d{1,6})?|[.,]\d{1,6}))\s*"
    r"(mm\s?(?:2|²|\^2)|px\s?(?:2|²|\^2)|square (?:mm|millimet\w+|px|pixels?)"
    r"|mm|millimet\w+|px|pixels?|%|percent)(?!\w)"
)
_THOUSANDS = re.compile(r"[1-9]\d{0,2},\d{3}")
"""Where a comma may part thousands or decimals: the two differ by 1000."""

_UNITS = {"mm": "mm", "mil": "mm", "px": "px", "pix": "px", "%": "%", "per": "%"}


def limit_in(text: str) -> str | None:
    """Finds a limit that a question supposes, such as ``3 mm``, ``0.5 mm2`` or ``2 %``.

    A number that can be read in two ways (``1,000 px``, ``2-3 mm``, ``1e3 px``) is none: half of it would be a wrong
    one.
    """
    found = _LIMIT.search(text.casefold())
    if found is None or _THOUSANDS.fullmatch(found.group(1)):
        return None
    number, unit = re.sub(r"^(-?)\.", r"\g<1>0.", found.group(1).replace(",", ".")), found.group(2)
    square = unit.startswith("square") or unit[-1] in "2²"
    unit = unit.removeprefix("square").strip()
    short = next(name for prefix, name in _UNITS.items() if unit.startswith(prefix))
    return f"{number} {short}2" if square and short != "%" else f"{number} {short}"


def what_if_limit(limit: str, inspected: Inspected) -> str:
    """Holds measured regions against a limit that a person supposes.

    Args:
        limit: A length or an area, such as ``3 mm``, ``0.5 mm2`` or ``2 %`` (a length, of the longer side).
        inspected: The regions, and the image that they were measured on.

    Returns:
        Sentences that say which region would keep it; the verdict itself is not changed.
    """
    if float(limit.split(maxsplit=1)[0]) <= 0:
        return "A limit of nothing allows nothing: name a limit above 0."
    if not inspected.verdict.regions:
        return f"A limit of {limit} would change nothing: no area stands out that could be measured [E1]."
    if limit.split()[1].startswith("mm") and inspected.frame.mm_per_pixel is None:
        return f"I cannot tell in mm: {no_scale(inspected)}. {_without_scale(inspected)}"
    told = [_held(limit, region, inspected.frame) for region in inspected.verdict.regions]
    return "\n".join([*told, "This only supposes a limit; the verdict stays as it is."])


def _without_scale(inspected: Inspected) -> str:
    region = inspected.verdict.regions[0]
    share = 100 * region.length_px / max(inspected.frame.width, inspected.frame.height)
    return (
        f"In px and in % I can: {region.id} is {length(region)} long, {amount(share, '%')} of the photograph's "
        f"longer side [{region.id}]."
    )


def _held(limit: str, region: Region, frame: Frame) -> str:
    supposed = _AREA.validate_python(limit) if limit.endswith("2") else _LENGTH.validate_python(limit)
    most, unit = supposed.value, supposed.unit
    if isinstance(supposed, Area):
        quantity, found = "in area", area_of(region, supposed, frame)
    else:
        quantity, found = "long", length_of(region, supposed, frame)
    if found is None:
        return f"{region.id}: I cannot tell in {unit} [{region.id}]."
    size = f"{amount(found.value, unit, found.low, found.high)} {quantity}"
    return f"With a limit of {limit}, {_outcome(region.id, found, most)}: it is {size} [{region.id}]."


def _outcome(region: str, found: Measured, most: float) -> str:
    if found.high <= most:
        return f"{region} would be within it"
    if found.low > most:
        return f"{region} would exceed it"
    likely = "within" if found.value <= most else "beyond"
    return (
        f"whether {region} keeps it cannot be told, its border is too faint (by the best estimate it would be {likely} "
        "it)"
    )
