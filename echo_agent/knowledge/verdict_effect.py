"""What the know-how's findings do to a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

from echo_agent.state import ChecklistFinding, Region, ToleranceFinding


@dataclass(frozen=True)
class VerdictEffect:
    """What findings permit and what they force.

    Attributes:
        permits_normal: Every suspicious region lies within the tolerances, so the part may pass as normal
            although it deviates from the references.
        forces_defective: A limit is broken or a statement of the checklist does not hold, so no model may
            pass it.
        findings: Ids of the findings that this rests on.
        reasons: Their reasons, in sentences.
    """

    permits_normal: bool = False
    forces_defective: bool = False
    findings: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def verdict_effect(
    regions: Sequence[Region],
    tolerances: Sequence[ToleranceFinding],
    checklist: Sequence[ChecklistFinding] = (),
) -> VerdictEffect:
    """Weighs findings for the verdict.

    One broken limit or statement forces ``defective``. ``normal within tolerance`` is permitted only when
    there are regions, each of them was held against at least one limit of its size, and every finding is
    ``within``: what cannot be told permits nothing. Without findings there is no effect.

    Args:
        regions: All suspicious regions of the image.
        tolerances: Findings of the tolerances on these regions.
        checklist: Findings of the checklist.
    """
    broken = [(finding.id, finding.reason) for finding in tolerances if finding.outcome == "exceeds"]
    broken += [(finding.id, finding.reason) for finding in checklist if finding.holds is False]
    if broken:
        return VerdictEffect(
            forces_defective=True,
            findings=tuple(identity for identity, _ in broken),
            reasons=tuple(reason for _, reason in broken),
        )
    covered = {finding.region for finding in tolerances}
    all_within = all(finding.outcome == "within" for finding in tolerances)
    if regions and all_within and covered.issuperset(region.id for region in regions):
        return VerdictEffect(
            permits_normal=True,
            findings=tuple(finding.id for finding in tolerances),
            reasons=tuple(finding.reason for finding in tolerances),
        )
    return VerdictEffect()
