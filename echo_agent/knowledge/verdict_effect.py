"""What the domain knowledge's findings do to a verdict."""

from collections.abc import Sequence

from echo_agent.state import MAX_REGIONS, ChecklistFinding, Reason, Region, ToleranceFinding, VerdictEffect


def verdict_effect(
    regions: Sequence[Region],
    tolerances: Sequence[ToleranceFinding],
    checklist: Sequence[ChecklistFinding] = (),
) -> VerdictEffect:
    """Weighs findings for the verdict.

    One broken limit or statement forces ``defective``. ``normal within tolerance`` is permitted only when
    there are regions, each of them was held against at least one limit of its size, and every finding is
    ``within``: what cannot be told permits nothing, and a limit that lies within the uncertainty of a measurement
    above the measured value needs a person. Where as many regions were found as are measured at most there may be
    more, and nothing is permitted. Without findings there is no effect.

    Args:
        regions: All suspicious regions of the image.
        tolerances: Findings of the tolerances on these regions.
        checklist: Findings of the checklist.
    """
    broken: list[ToleranceFinding | ChecklistFinding] = [
        *(finding for finding in tolerances if finding.outcome == "exceeds"),
        *(finding for finding in checklist if _is_counted_out(finding)),
    ]
    if broken:
        return VerdictEffect(
            forces_defective=True,
            is_sure=any(_is_surely_broken(finding) for finding in tolerances)
            or any(_is_counted_out(finding) for finding in checklist),
            findings=tuple(finding.id for finding in broken),
            reasons=_reasons(broken),
        )
    doubtful: list[ToleranceFinding | ChecklistFinding] = [
        *(finding for finding in tolerances if _may_break(finding)),
        *(finding for finding in checklist if finding.holds is False),
    ]
    if doubtful:
        return VerdictEffect(
            needs_a_person=True,
            findings=tuple(finding.id for finding in doubtful),
            reasons=_reasons(doubtful),
        )
    covered = {finding.region for finding in tolerances}
    all_within = all(finding.outcome == "within" for finding in tolerances)
    if 0 < len(regions) < MAX_REGIONS and all_within and covered.issuperset(region.id for region in regions):
        return VerdictEffect(
            permits_normal=True,
            findings=tuple(finding.id for finding in tolerances),
            reasons=_reasons(tolerances),
        )
    return VerdictEffect()


def _reasons(findings: Sequence[ToleranceFinding | ChecklistFinding]) -> tuple[Reason, ...]:
    return tuple(Reason(kind="rule", text=finding.reason, evidence=(finding.id,)) for finding in findings)


def _is_counted_out(finding: ChecklistFinding) -> bool:
    """Whether a statement fails by what was measured; a model's word alone condemns no part."""
    return finding.holds is False and finding.answered_by is None


def _is_surely_broken(finding: ToleranceFinding) -> bool:
    return (
        finding.outcome == "exceeds"
        and finding.measured_low is not None
        and finding.measured_low > finding.limit
    )


def _may_break(finding: ToleranceFinding) -> bool:
    """Whether the measured value keeps the limit and the upper end of its uncertainty does not."""
    return (
        finding.outcome == "undetermined"
        and finding.measured is not None
        and finding.measured_high is not None
        and finding.measured <= finding.limit < finding.measured_high
    )
