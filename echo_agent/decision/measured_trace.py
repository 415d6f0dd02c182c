"""The reasoning trace that is written from the evidence alone."""

from echo_agent.state import KnowledgeEvidence, ReferenceEvidence, Trace, TraceStep, VerdictEffect
from echo_agent.state.notation import area, at, length, percent

MAX_REGIONS = 3
MAX_FINDINGS = 6


def measured_trace(
    reference: ReferenceEvidence, knowledge: KnowledgeEvidence | None, effect: VerdictEffect
) -> Trace:
    """Writes observe, compare, measure, weigh and conclude from what was measured.

    Args:
        reference: The Reference Extractor's evidence.
        knowledge: The Knowledge Guide's evidence, where there is any.
        effect: What its findings permit and force.

    Returns:
        Steps that name the ids of the evidence they stand on.
    """
    steps = (
        _observe(reference, knowledge),
        _compare(reference),
        _measure(reference),
        _weigh(reference, knowledge, effect),
        _conclude(reference, effect),
    )
    return Trace(steps=steps)


def _observe(reference: ReferenceEvidence, knowledge: KnowledgeEvidence | None) -> TraceStep:
    regions = reference.regions
    if regions:
        named = ", ".join(f"{region.id} {at(region.place)}" for region in regions[:MAX_REGIONS])
        more = f" and {len(regions) - MAX_REGIONS} more" if len(regions) > MAX_REGIONS else ""
        count = "1 area differs" if len(regions) == 1 else f"{len(regions)} areas differ"
        text = f"{count} from the references: {named}{more}."
    else:
        text = "No area of the image differs more than the references differ from each other."
    ids = tuple(region.id for region in regions)
    if knowledge is not None and knowledge.normal:
        return TraceStep(
            kind="observe", text=f"{text} Expected: {knowledge.normal}", evidence=(*ids, knowledge.id)
        )
    return TraceStep(kind="observe", text=text, evidence=ids or (reference.id,))


def _compare(reference: ReferenceEvidence) -> TraceStep:
    nearest = tuple(found.id for found in reference.references[:1])
    if reference.score is None:
        return TraceStep(kind="compare", text="No references were compared with.", evidence=(reference.id,))
    text = f"The part scores {reference.score:.2f} times a typical normal part"
    text += f", the threshold is {reference.threshold:.2f}." if reference.threshold is not None else "."
    return TraceStep(kind="compare", text=text, evidence=(reference.id, *nearest))


def _measure(reference: ReferenceEvidence) -> TraceStep:
    if not reference.regions:
        return TraceStep(kind="measure", text="There is no area to measure.", evidence=(reference.id,))
    shown = reference.regions[:MAX_REGIONS]
    text = " ".join(
        f"{region.id} is {length(region)} long and {area(region)} in area, by where its border is drawn."
        for region in shown
    )
    return TraceStep(kind="measure", text=text, evidence=tuple(region.id for region in shown))


def _weigh(
    reference: ReferenceEvidence, knowledge: KnowledgeEvidence | None, effect: VerdictEffect
) -> TraceStep:
    findings = _findings(knowledge)
    if knowledge is None or not findings:
        why = "There is no knowledge card." if knowledge is None else "The card has no tolerance for this."
        ids = (reference.id,) if knowledge is None else (reference.id, knowledge.id)
        return TraceStep(kind="weigh", text=f"{why} The comparison alone counts.", evidence=ids)
    decisive = [finding for finding in findings if finding[0] in effect.findings] or findings
    shown = decisive[:MAX_FINDINGS]
    return TraceStep(
        kind="weigh",
        text=" ".join(reason for _, reason in shown),
        evidence=tuple(identity for identity, _ in shown),
    )


def _findings(knowledge: KnowledgeEvidence | None) -> list[tuple[str, str]]:
    """Returns id and reason of each finding of the domain knowledge."""
    if knowledge is None:
        return []
    found = [(finding.id, finding.reason) for finding in knowledge.tolerances]
    return found + [(finding.id, finding.reason) for finding in knowledge.checklist]


def _conclude(reference: ReferenceEvidence, effect: VerdictEffect) -> TraceStep:
    evidence = (reference.id, *effect.findings)
    share = percent(reference.p_value or 0.0)
    if reference.score is None or reference.threshold is None or reference.p_value is None:
        text = "Without a calibration nothing can be concluded; a person should look."
    elif effect.forces_defective:
        text = "A rule of the domain knowledge is broken: it is defective."
    elif effect.needs_a_person:
        text = "A rule of the domain knowledge may be broken: a person should look."
    elif reference.score > reference.threshold and effect.permits_normal:
        text = "It differs from its references, but all that differs lies within tolerance: it may pass as normal."
    elif reference.score > reference.threshold:
        text = f"Of normal parts, {share} or fewer would score as high: it is probably defective."
    else:
        text = f"Of normal parts, {share} are expected to score as high: nothing speaks against normal."
    return TraceStep(kind="conclude", text=text, evidence=evidence)
