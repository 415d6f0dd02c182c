"""Answers without a language model: from the evidence, the card and the regions, or a plain "I cannot tell"."""

from collections.abc import Callable, Sequence
from pathlib import Path

from echo_agent.chat.asked import Asked, limit_in, what_is_asked
from echo_agent.chat.options import choose_option, split_options
from echo_agent.chat.suppose import suppose_limit
from echo_agent.knowledge.card import Card
from echo_agent.knowledge.loader import read_card
from echo_agent.knowledge.measurement import Frame, area_of, length_of
from echo_agent.knowledge.quantity import Area, Length
from echo_agent.report.words import decided_by, measured, percent, promise
from echo_agent.state import Answer, ImageRef, Question, Region, Verdict

CAN = (
    "I can say from what was measured: the verdict, where it is, how big it is, how it compares with the reference, "
    "whether it is within tolerance, what another limit would mean (such as 3 mm or 2 %), why, and how sure I am."
)


class Inspected:
    """What is talked about: an inspected photograph with its verdict and its product's card.

    Args:
        verdict: What Echo said of it.
        image: The photograph.
    """

    def __init__(self, verdict: Verdict, image: ImageRef) -> None:
        self.verdict = verdict
        self.image = image
        known = verdict.knowledge.card_file if verdict.knowledge is not None else None
        self.card: Card | None = read_card(Path(known)).card if known is not None else None
        self.frame = Frame.of(image.width, image.height, self.card.scale if self.card else None)


def answer_measured(question: Question, inspected: Inspected) -> Answer:
    """Answers a question from the evidence.

    Args:
        question: The question; its options may stand in its text.
        inspected: What it is about.

    Returns:
        The answer, with the ids of the evidence in brackets; declined where nothing measured can answer it.
    """
    split = split_options(question)
    if split.options:
        return choose_option(split, inspected.verdict)
    asked = what_is_asked(split.text)
    if asked == "limit":
        limit = limit_in(split.text) or ""
        return Answer(text=suppose_limit(limit, inspected.verdict.regions, inspected.frame))
    write = _WRITERS.get(asked)
    if write is None:
        return Answer(text=f"That cannot be measured, so I cannot answer it. {CAN}", declined=True)
    text = write(inspected)
    return Answer(text=text, confidence=inspected.verdict.confidence if asked == "verdict" else None)


def _verdict(inspected: Inspected) -> str:
    verdict = inspected.verdict
    product = verdict.product or "The part (of an unknown product)"
    sure = (
        f"confidence {percent(verdict.confidence)}, {'' if verdict.confidence_calibrated else 'un'}calibrated"
    )
    head = (
        f"{product}: a person should look."
        if verdict.label == "review"
        else f"{product}: {verdict.label}, {sure}."
    )
    return f"{head} {' '.join(verdict.reasons)} [E1]"


def _place(inspected: Inspected) -> str:
    regions = inspected.verdict.regions
    if not regions:
        return _no_region(inspected.verdict)
    told = [
        f"{region.id} lies {_at(region.place)}, from ({region.box.left}, {region.box.top}) to "
        f"({region.box.right}, {region.box.bottom}) px [{region.id}]."
        for region in regions
    ]
    return " ".join(told)


def _size(inspected: Inspected) -> str:
    regions = inspected.verdict.regions
    if not regions:
        return _no_region(inspected.verdict)
    told = [_sizes(region, inspected.frame) for region in regions]
    if inspected.frame.mm_per_pixel is None:
        told.append("In mm I cannot tell: no card gives a scale for this image.")
    return " ".join(told)


def _sizes(region: Region, frame: Frame) -> str:
    length = length_of(region, Length(value=1, unit="px"), frame)
    text = f"{region.id} is {region.length_px:.0f} px long"
    if length is not None:
        text += f" ({length.low:.0f} to {length.high:.0f})"
    text += f" and {region.area_px} px2 large ({region.area_px_low} to {region.area_px_high})"
    in_mm = length_of(region, Length(value=1, unit="mm"), frame)
    area = area_of(region, Area(value=1, unit="mm2"), frame)
    if in_mm is not None and area is not None:
        text += f": {in_mm.value:.2g} mm ({in_mm.low:.2g} to {in_mm.high:.2g}) and {area.value:.2g} mm2"
    return f"{text} [{region.id}]."


def _comparison(inspected: Inspected) -> str:
    verdict = inspected.verdict
    if not verdict.references:
        return "There is no reference to compare with: the product is unknown to me."
    nearest = verdict.references[0]
    told = [f"The nearest reference is {nearest.id}, similarity {nearest.similarity:.2f} [{nearest.id}]."]
    if verdict.score is not None:
        told.append(f"A typical normal part scores 1, this one {measured(verdict)} [E1].")
    if verdict.regions:
        told += [
            f"{region.id} ({region.place}) differs from it, at its peak {region.peak:.2f} of the largest difference "
            f"among normal parts [{region.id}]."
            for region in verdict.regions[:3]
        ]
    else:
        told.append("No area differs more than the references differ from each other [E1].")
    return " ".join(told)


def _tolerance(inspected: Inspected) -> str:
    verdict = inspected.verdict
    findings = verdict.knowledge.tolerances if verdict.knowledge is not None else ()
    if not findings:
        rules = inspected.card.tolerances if inspected.card is not None else ()
        if rules and not verdict.regions:
            return f"{_no_region(verdict)} So nothing is held against the card's tolerances."
        what = f"the card of {verdict.product} states no" if inspected.card else "there is no card with a"
        return f"I cannot tell: {what} tolerance. Ask what a limit would mean, such as: what if the limit were 3 %?"
    outcomes = {finding.outcome for finding in findings}
    if outcomes == {"within"}:
        head = "Yes, within tolerance."
    else:
        head = "No, a limit is broken." if "exceeds" in outcomes else "I cannot tell."
    return " ".join([head, *(f"{finding.reason} [{finding.id}]" for finding in findings)])


def _reasons(inspected: Inspected) -> str:
    verdict = inspected.verdict
    told = [*(f"{reason} [E1]" for reason in verdict.reasons)]
    if verdict.trace is not None:
        told += [f"{step.text} [{', '.join(step.evidence) or 'E1'}]" for step in verdict.trace.steps]
    told.append(f"Decided by {decided_by(verdict)}.")
    return " ".join(told)


def _confidence(inspected: Inspected) -> str:
    verdict = inspected.verdict
    told = [f"I am {percent(verdict.confidence)} sure of {verdict.label!r}."]
    if verdict.label == "review":
        told = [f"Not sure enough: the likelier of normal and defective has {percent(verdict.confidence)}."]
    if not verdict.confidence_calibrated:
        told.append("This figure was not fitted on labelled images.")
    if verdict.p_value is not None:
        told.append(f"Of normal parts, {percent(verdict.p_value)} would score as high [E1].")
    if verdict.guarantee is not None:
        told.append(f"What the references promise: {promise(verdict.guarantee)}.")
    return " ".join(told)


def _count(inspected: Inspected) -> str:
    regions = inspected.verdict.regions
    if not regions:
        return _no_region(inspected.verdict)
    verb = "is 1 suspicious area" if len(regions) == 1 else f"are {len(regions)} suspicious areas"
    return f"There {verb} ({', '.join(region.id for region in regions)}). Other things I cannot count."


def _type(inspected: Inspected) -> str:
    verdict = inspected.verdict
    if verdict.defect_type is not None:
        return f"It is called {verdict.defect_type}."
    if inspected.card is None or not inspected.card.defects:
        return "I cannot tell: what a region is cannot be measured, only how large it is and where it lies."
    looks = "; ".join(f"{defect.name}: {defect.look}" for defect in inspected.card.defects)
    return f"Which type it is cannot be measured. The card knows these by their look: {looks} [K]"


def _effect(inspected: Inspected) -> str:
    card, verdict = inspected.card, inspected.verdict
    if card is None or not card.defects:
        return "I cannot tell: there is no card that says what a defect of this product does."
    named = card.defect(verdict.defect_type) if verdict.defect_type is not None else None
    told = [
        f"{defect.name} ({defect.severity}): {defect.effect or 'effect not stated.'} "
        f"Cause: {defect.cause or 'not stated.'}"
        for defect in ([named] if named is not None else card.defects)
    ]
    head = "" if named is not None else "Which type it is cannot be measured; the card says of each: "
    return f"{head}{' '.join(told)} [K]"


def _help(_: Inspected) -> str:
    return CAN


def _no_region(verdict: Verdict) -> str:
    if verdict.product is None:
        return "I cannot tell: the product is unknown, so nothing was measured."
    return "No area of the image differs more than the references differ from each other [E1]."


def _at(place: str) -> str:
    return f"in the {place}" if place == "centre" else f"at the {place}"


_WRITERS: dict[Asked, Callable[[Inspected], str]] = {
    "tolerance": _tolerance,
    "size": _size,
    "place": _place,
    "comparison": _comparison,
    "confidence": _confidence,
    "reasons": _reasons,
    "count": _count,
    "type": _type,
    "effect": _effect,
    "verdict": _verdict,
    "help": _help,
}


def evidence_ids(verdict: Verdict) -> Sequence[str]:
    """Returns the ids under which an answer may cite the evidence of a verdict."""
    knowledge = verdict.knowledge
    ids = ["E1", *(region.id for region in verdict.regions), *(near.id for near in verdict.references)]
    if knowledge is not None:
        ids += ["K", *(passage.id for passage in knowledge.citations)]
        ids += [finding.id for finding in knowledge.tolerances]
        ids += [finding.id for finding in knowledge.checklist]
    return ids
