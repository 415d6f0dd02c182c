"""What the product's card says to an inspected part: tolerances, defect types, effects, checklist."""

from shlex import quote

from echo_agent.answers.inspected import Inspected
from echo_agent.answers.regions import nothing_stands_out
from echo_agent.state import ChecklistFinding


def tolerance_answer(inspected: Inspected) -> str:
    """Says whether the part keeps its card's tolerances, with each finding."""
    verdict = inspected.verdict
    findings = verdict.knowledge.tolerances if verdict.knowledge is not None else ()
    if not findings:
        return _no_finding(inspected)
    outcomes = {finding.outcome for finding in findings}
    if "exceeds" in outcomes:
        head = "It is out of tolerance."
    else:
        head = "It is within tolerance." if outcomes == {"within"} else "I cannot tell."
    return "\n".join([head, *(f"- {finding.reason} [{finding.id}]" for finding in findings)])


def _no_finding(inspected: Inspected) -> str:
    verdict, card = inspected.verdict, inspected.card
    suppose = "You can ask what a limit would mean, such as: what if the limit were 3 %?"
    if card is None:
        name = verdict.product or "PRODUCT"
        return (
            f"I cannot tell: there is no card for {verdict.product or 'this product'}, so I know no tolerance. "
            f"echo-agent knowledge new {quote(name)} begins one. {suppose}"
        )
    if not card.tolerances:
        return f"I cannot tell: the card of {card.product} states no tolerance [K]. {suppose}"
    if not verdict.regions:
        return f"Nothing is out of tolerance. {nothing_stands_out(inspected)}"
    return f"None of the card's tolerances speaks of what stands out here [K]. {suppose}"


def type_answer(inspected: Inspected) -> str:
    """Says which defect type it is, where that is known; else those of the card."""
    verdict = inspected.verdict
    if verdict.label == "normal":
        return "I see no defect, so there is no type to name [E1]."
    if verdict.defect_type is not None:
        return f"It is of the type {verdict.defect_type!r} [E1]."
    if inspected.card is None or not inspected.card.defects:
        return (
            "I cannot tell: I measure where and how large something is, not what it is. A card with the defect types, "
            "or a language model (--mllm), would help."
        )
    looks = "\n".join(f"- {defect.name}: {defect.look}" for defect in inspected.card.defects)
    return f"Its type cannot be measured. The card tells these types by their look [K]:\n{looks}"


def effect_answer(inspected: Inspected) -> str:
    """Says cause, effect and severity of the defect, as the card has them."""
    card, verdict = inspected.card, inspected.verdict
    if card is None or not card.defects:
        return "I cannot tell: there is no card that says what a defect of this product does."
    named = card.defect(verdict.defect_type) if verdict.defect_type is not None else None
    told = [
        f"- {defect.name} ({defect.severity}): {defect.effect or 'effect not stated.'} "
        f"Cause: {defect.cause or 'not stated.'}"
        for defect in ([named] if named is not None else card.defects)
    ]
    head = (
        "The card says [K]:"
        if named is not None
        else "Its type cannot be measured; the card says of each [K]:"
    )
    return "\n".join([head, *told])


def checklist_answer(inspected: Inspected) -> str:
    """Says what the card's countable statements came to."""
    knowledge = inspected.verdict.knowledge
    findings = knowledge.checklist if knowledge is not None else ()
    if not findings:
        why = (
            "its card has no checklist" if inspected.card is not None else "there is no card with a checklist"
        )
        seen = _stands_out(inspected) if inspected.verdict.regions else nothing_stands_out(inspected)
        return f"I cannot count pieces: {why} (such as: four screws are present). What I can say: {seen}"
    return "\n".join(f"- {_held(finding)} [{finding.id}]" for finding in findings)


def _held(finding: ChecklistFinding) -> str:
    answer = "undetermined" if finding.holds is None else ("yes" if finding.holds else "no")
    return f"{finding.statement.rstrip('.')}: {answer}. {finding.reason}"


def _stands_out(inspected: Inspected) -> str:
    ids = [region.id for region in inspected.verdict.regions]
    return f"{', '.join(ids)} stand{'s' if len(ids) == 1 else ''} out; ask where [{', '.join(ids)}]."


def good_look_answer(inspected: Inspected) -> str:
    """Says how a good part looks, by the card."""
    if inspected.card is None:
        return "There is no card that says how a good part looks; /references lists good ones."
    return f"{inspected.card.normal} [K]"
