"""Tolerances held against measured regions.

What a region *is* cannot be measured, only how large it is and where it lies. So no defect type unlocks a
tolerance: a region must keep every limit that could apply to it, which means that the strictest one counts. A
defect type that is critical and has no tolerance is never passed on another type's tolerance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from echo_agent.knowledge.card import ANY_DEFECT, Card, Tolerance, Zone
from echo_agent.knowledge.measurement import Frame, Measured, area_of, length_of
from echo_agent.knowledge.zones import share_in_zone
from echo_agent.names import canonical_name
from echo_agent.state import Outcome, Region, ToleranceFinding
from echo_agent.state.notation import amount

WHOLLY_INSIDE = 0.999
"""Share of its box from which a region counts as lying wholly in a zone (1 but for rounding)."""


@dataclass(frozen=True)
class _Rule:
    """One limit of a tolerance."""

    tolerance: Tolerance
    quantity: str
    limit: float
    unit: str

    def words(self) -> str:
        where = f" in zone {self.tolerance.zone}" if self.tolerance.zone is not None else ""
        number = f"{self.limit:g}" if self.unit == "count" else f"{self.limit:g} {self.unit}"
        return f"{self.tolerance.defect}: {self.quantity} at most {number}{where}"


def hold_tolerances(card: Card, regions: Sequence[Region], width: int, height: int) -> list[ToleranceFinding]:
    """Holds a card's tolerances against the regions that were measured on an image.

    A tolerance for a zone goes before one without a zone for the same defect type where the region lies
    wholly in that zone; a region that only reaches into the zone must keep both. The whole uncertainty of the
    measurement must keep a limit for ``within``, its best value must break it for ``exceeds``: a doubt never passes a
    part. ``undetermined`` is what lies between, what needs a scale that is missing, and a limit broken only by a region
    that vanishes at the stricter threshold, which may be no region at all.

    Args:
        card: The product's card.
        regions: Measured regions of the image.
        width: Width of the upright image in pixels.
        height: Height of the upright image in pixels.

    Returns:
        The findings, ``T1`` first, region by region, rules over all regions last.
    """
    frame = Frame.of(width, height, card.scale)
    findings: list[ToleranceFinding] = []
    for region in regions:
        zones = zones_of(region, card, frame)
        for tolerance in card.tolerances:
            if _applies(tolerance, card, region, frame):
                findings += [
                    _hold(rule, region, frame, zones) for rule in _rules(tolerance) if rule.unit != "count"
                ]
        findings += _critical_types_without_tolerance(card, region, frame, zones)
    for tolerance in card.tolerances:
        if tolerance.max_count is not None:
            findings.append(_hold_count(tolerance, card, regions, frame))
    return [finding.model_copy(update={"id": f"T{number}"}) for number, finding in enumerate(findings, 1)]


def zones_of(region: Region, card: Card, frame: Frame) -> tuple[Zone, ...]:
    """Returns the zones that a region reaches into, the one that holds most of it first."""
    shares = {zone.name: share_in_zone(region.box, zone, frame.width, frame.height) for zone in card.zones}
    reached = [zone for zone in card.zones if shares[zone.name] > 0]
    return tuple(sorted(reached, key=lambda zone: -shares[zone.name]))


def _rules(tolerance: Tolerance) -> list[_Rule]:
    rules = []
    if tolerance.max_length is not None:
        rules.append(_Rule(tolerance, "length", tolerance.max_length.value, tolerance.max_length.unit))
    if tolerance.max_area is not None:
        rules.append(_Rule(tolerance, "area", tolerance.max_area.value, tolerance.max_area.unit))
    if tolerance.max_count is not None:
        rules.append(_Rule(tolerance, "count", tolerance.max_count, "count"))
    return rules


def _applies(tolerance: Tolerance, card: Card, region: Region, frame: Frame) -> bool:
    """Tells whether a tolerance could apply to a region, by where it lies."""
    if tolerance.zone is not None:
        return _share(tolerance.zone, card, region, frame) > 0
    same_defect = [
        other.zone
        for other in card.tolerances
        if other.zone is not None and canonical_name(other.defect) == canonical_name(tolerance.defect)
    ]
    return all(_share(zone, card, region, frame) < WHOLLY_INSIDE for zone in same_defect)


def _share(zone_name: str, card: Card, region: Region, frame: Frame) -> float:
    zone = card.zone(zone_name)
    return 0.0 if zone is None else share_in_zone(region.box, zone, frame.width, frame.height)


def _measure(rule: _Rule, region: Region, frame: Frame) -> Measured | None:
    if rule.quantity == "length" and rule.tolerance.max_length is not None:
        return length_of(region, rule.tolerance.max_length, frame)
    if rule.quantity == "area" and rule.tolerance.max_area is not None:
        return area_of(region, rule.tolerance.max_area, frame)
    return None


def _hold(rule: _Rule, region: Region, frame: Frame, zones: Sequence[Zone]) -> ToleranceFinding:
    measured = _measure(rule, region, frame)
    subject = f"The {rule.quantity} of {region.id} ({_where(region, zones)})"
    if measured is None:
        reason = (
            f"{subject} cannot be told in {rule.unit}: the card has no scale that holds for images "
            f"{frame.width} px wide."
        )
    else:
        reason = f"{subject} is {_told(measured, rule.unit)}; {_judged(measured, rule)} {rule.words()}."
    return _finding(rule, region.id, measured, zones[0].name if zones else None, reason)


def _hold_count(
    tolerance: Tolerance, card: Card, regions: Sequence[Region], frame: Frame
) -> ToleranceFinding:
    rule = next(rule for rule in _rules(tolerance) if rule.unit == "count")
    counted = [region for region in regions if _applies(tolerance, card, region, frame)]
    sure = sum(region.area_px_low > 0 for region in counted)
    measured = Measured(len(counted), sure, len(counted))
    names = f" ({', '.join(region.id for region in counted)})" if counted else ""
    told = f"{_told(measured, 'count')} suspicious area{'' if len(counted) == 1 else 's'}{names}"
    verb = "is" if len(counted) == 1 else "are"
    reason = f"There {verb} {told}; {_judged(measured, rule)} {rule.words()}."
    return _finding(rule, None, measured, tolerance.zone, reason)


def _critical_types_without_tolerance(
    card: Card, region: Region, frame: Frame, zones: Sequence[Zone]
) -> list[ToleranceFinding]:
    """Says which critical defect types a region could be that the card allows nothing of."""
    if not card.tolerances:
        return []
    allowed = {canonical_name(tolerance.defect) for tolerance in card.tolerances}
    findings = []
    for defect in card.defects:
        names = {canonical_name(name) for name in (defect.name, *defect.aliases)}
        if defect.severity != "critical" or allowed & {*names, ANY_DEFECT}:
            continue
        measured = Measured(1, 0, 1)
        rule = _Rule(Tolerance(defect=defect.name, max_count=0), "count", 0, "count")
        reason = (
            f"{region.id} ({_where(region, zones)}) could be {defect.name}, which is critical and has no "
            "tolerance: it is not passed on another type's tolerance."
        )
        findings.append(_finding(rule, region.id, measured, zones[0].name if zones else None, reason))
    return findings


def _finding(
    rule: _Rule, region: str | None, measured: Measured | None, zone: str | None, reason: str
) -> ToleranceFinding:
    return ToleranceFinding(
        id="T",
        rule=rule.words(),
        defect_type=rule.tolerance.defect,
        region=region,
        outcome=_outcome(measured, rule),
        measured=None if measured is None else measured.value,
        measured_low=None if measured is None else measured.low,
        measured_high=None if measured is None else measured.high,
        limit=rule.limit,
        unit=rule.unit,
        zone=zone,
        reason=reason,
    )


def _outcome(measured: Measured | None, rule: _Rule) -> Outcome:
    if measured is None:
        return "undetermined"
    if measured.high <= rule.limit:
        return "within"
    if measured.value <= rule.limit:
        return "undetermined"
    sure = measured.low > (rule.limit if rule.unit == "count" else 0)
    return "exceeds" if sure else "undetermined"


def _judged(measured: Measured, rule: _Rule) -> str:
    outcome = _outcome(measured, rule)
    if outcome == "undetermined" and measured.value <= rule.limit:
        return "by where its border is drawn this may break"
    if outcome == "undetermined":
        return "too faint to hold against"
    return "this keeps" if outcome == "within" else "this breaks"


def _told(measured: Measured, unit: str) -> str:
    return amount(measured.value, unit, measured.low, measured.high)


def _where(region: Region, zones: Sequence[Zone]) -> str:
    if not zones:
        return region.place
    named = ", ".join(f"zone {zone.name} of {zone.criticality} criticality" for zone in zones)
    return f"{region.place}, {named}"
