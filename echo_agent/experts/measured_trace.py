"""The reasoning trace that is written from the evidence alone."""

from echo_agent.state import KnowledgeEvidence, ReferenceEvidence, Trace, TraceStep


def measured_trace(reference: ReferenceEvidence, knowledge: KnowledgeEvidence | None) -> Trace:
    """Writes observe, compare, decide from what was measured.

    Args:
        reference: The Reference Extractor's evidence.
        knowledge: The Knowledge Guide's evidence, where there is any.

    Returns:
        Steps that name the ids of the evidence they stand on.
    """
    return Trace(steps=(_observe(reference, knowledge), _compare(reference), _conclude(reference)))


def _observe(reference: ReferenceEvidence, knowledge: KnowledgeEvidence | None) -> TraceStep:
    regions = reference.regions
    if regions:
        first = regions[0]
        text = (
            f"{len(regions)} area(s) differ from the references; the strongest lies {first.place}, "
            f"{first.area_px} px2, {first.length_px:.0f} px long."
        )
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
        return TraceStep(
            kind="compare", text="There is no product to compare with.", evidence=(reference.id,)
        )
    text = f"The part scores {reference.score:.2f} times a typical normal part"
    text += f", the threshold is {reference.threshold:.2f}." if reference.threshold is not None else "."
    return TraceStep(kind="compare", text=text, evidence=(reference.id, *nearest))


def _conclude(reference: ReferenceEvidence) -> TraceStep:
    if reference.score is None or reference.threshold is None or reference.p_value is None:
        text = "Without a calibration nothing can be concluded; a person should look."
    elif reference.score > reference.threshold:
        text = f"Of normal parts, {reference.p_value:.0%} or fewer would score as high: it is probably defective."
    else:
        text = f"Of normal parts, {reference.p_value:.0%} are expected to score as high: nothing speaks against normal."
    return TraceStep(kind="conclude", text=text, evidence=(reference.id,))
