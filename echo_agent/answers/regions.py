"""Where something stands out, how large it is, and how it compares with the reference, in sentences."""

from echo_agent.answers.inspected import Inspected
from echo_agent.answers.region_shape import describe_regions
from echo_agent.knowledge.measurement import Frame, Measured, area_of, length_of
from echo_agent.knowledge.quantity import Area, Length
from echo_agent.state import Region, Verdict
from echo_agent.state.notation import amount, at, peak, percent

FAINT = 0.5
"""A border is called faint where the measurement could be off by more than this share of its value."""


def place_answer(inspected: Inspected) -> str:
    """Says where each region lies."""
    if not inspected.verdict.regions:
        return nothing_stands_out(inspected)
    told = [
        f"{region.id} lies {at(region.place)}: {region.box.right - region.box.left} x "
        f"{region.box.bottom - region.box.top} px, its upper left corner at "
        f"({region.box.left}, {region.box.top}) px of {inspected.frame.width} x {inspected.frame.height} "
        f"[{region.id}]."
        for region in inspected.verdict.regions
    ]
    return "\n".join(told)


def size_answer(inspected: Inspected) -> str:
    """Says how long and how large each region is, in millimetres where the card gives a scale."""
    regions = inspected.verdict.regions
    if not regions:
        return nothing_stands_out(inspected)
    told = [_size(region, inspected.frame) for region in regions]
    if inspected.frame.mm_per_pixel is None:
        told.append(f"In mm I cannot tell: {no_scale(inspected)}.")
    return "\n".join(told)


def _size(region: Region, frame: Frame) -> str:
    length, area, unit = _in_pixels(region, frame), _area_in_pixels(region, frame), "px"
    in_mm = length_of(region, Length(value=1, unit="mm"), frame)
    area_in_mm = area_of(region, Area(value=1, unit="mm2"), frame)
    if in_mm is not None and area_in_mm is not None:
        length, area, unit = in_mm, area_in_mm, "mm"
    text = (
        f"{region.id} {at(region.place)} is {amount(length.value, unit, length.low, length.high)} long and "
        f"{amount(area.value, f'{unit}2', area.low, area.high)} in area, by where its border is drawn"
    )
    if unit == "px":
        share = 100 * length.value / max(frame.width, frame.height)
        text += f"; that is {amount(share, '%')} of the photograph's longer side"
    faint = length.high - length.low > 2 * FAINT * length.value
    return f"{text}{'. The border is faint: take this as a rough figure' if faint else ''} [{region.id}]."


def _in_pixels(region: Region, frame: Frame) -> Measured:
    found = length_of(region, Length(value=1, unit="px"), frame)
    return found or Measured(region.length_px, region.length_px, region.length_px)


def _area_in_pixels(region: Region, frame: Frame) -> Measured:
    found = area_of(region, Area(value=1, unit="px2"), frame)
    return found or Measured(region.area_px, region.area_px_low, region.area_px_high)


def look_answer(inspected: Inspected) -> str:
    """Says what is measured of how the most suspicious region looks: its shape, not its colour or texture."""
    regions = inspected.verdict.regions
    if not regions:
        return nothing_stands_out(inspected)
    shape = describe_regions(regions, inspected.image).in_words()
    first = regions[0].id
    return (
        f"{first} {at(regions[0].place)} is {shape}: that much of its look is measured, what it is cannot be "
        f"[{first}]. A language model could describe it (--mllm)."
    )


def comparison_answer(inspected: Inspected) -> str:
    """Says which reference is nearest, how far the part differs from the references, and where."""
    verdict = inspected.verdict
    if not verdict.references:
        return "There is no reference to compare with: I do not know this product."
    nearest = verdict.references[0]
    told = [
        f"The nearest reference is {nearest.id}, similarity {nearest.similarity:.2f} of 1 [{nearest.id}]."
    ]
    told += standing(verdict)
    if verdict.regions:
        told += [
            f"{region.id} {at(region.place)} differs by {peak(region)} [{region.id}]."
            for region in verdict.regions[:3]
        ]
    else:
        told.append(nothing_stands_out(inspected))
    return "\n".join(told)


def standing(verdict: Verdict) -> list[str]:
    """Says how far the part differs as a whole, and how many good parts would differ as much."""
    if verdict.score is None:
        return []
    text = (
        f"As a whole it differs from its references {verdict.score:.2f} times as much as a typical good part"
    )
    if verdict.threshold is not None:
        text += f"; the limit is {verdict.threshold:.2f}"
    return [f"{text}{_among_good_parts(verdict)} [E1]."]


def _among_good_parts(verdict: Verdict) -> str:
    """How many good parts would differ as much; a p-value of ``1 / (n + 1)`` is none of the n, not a share."""
    if verdict.p_value is None:
        return ""
    known = verdict.guarantee.normals if verdict.guarantee is not None else 0
    if known and verdict.p_value * (known + 1) < 1.5:
        return f". None of the {known} known good parts differs as much"
    return f". About {percent(verdict.p_value)} of good parts would differ as much"


def count_answer(inspected: Inspected) -> str:
    """Says how many regions there are."""
    regions = inspected.verdict.regions
    if not regions:
        return nothing_stands_out(inspected)
    if len(regions) == 1:
        return f"One area stands out: {regions[0].id}, {at(regions[0].place)} [{regions[0].id}]."
    named = ", ".join(f"{region.id} {at(region.place)}" for region in regions)
    ids = ", ".join(region.id for region in regions)
    return f"{len(regions)} areas stand out: {named} [{ids}]. They may belong to one defect."


def nothing_stands_out(inspected: Inspected) -> str:
    """Says that no area differs more than good parts do, and where the map is highest all the same."""
    verdict = inspected.verdict
    if verdict.product is None:
        return "I cannot tell: I do not know this product, so nothing was measured."
    if verdict.score is None:
        return "I cannot tell: the references take no part in this, so nothing was measured."
    text = (
        "No area stands out: nowhere does the part differ more than good parts differ from each other [E1]."
    )
    if verdict.label == "normal" or inspected.strongest is None:
        return text
    strongest = inspected.strongest
    return (
        f"{text} The difference is largest {at(strongest.place)}, at {percent(strongest.value)} of the most among "
        "good parts: look there first [E1]."
    )


def no_scale(inspected: Inspected) -> str:
    """Says why nothing is known in millimetres, and the remedy."""
    if inspected.card is None:
        return "there is no card that gives the scale of this photograph (scale: mm_per_pixel)"
    return "the card gives no scale for this photograph (scale: mm_per_pixel)"
