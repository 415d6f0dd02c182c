"""Statements of a card's checklist: what they count, how they are asked, and what an answer means."""

import re
from collections.abc import Sequence

from echo_agent.knowledge.card import ChecklistItem
from echo_agent.state import ChecklistFinding, CountedPlace, Question

_WORDS = """
no one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty
"""
_NUMBERS = {word: number for number, word in enumerate(_WORDS.split())}
_NUMBERS |= {"zero": 0, "single": 1, "both": 2, "pair": 2, "dozen": 12}

_COUNTED = re.compile(r"(?<![\w.,-])(?:(?P<digits>\d{1,3})|(?P<word>[a-z]+))(?![\w-]|[.,]\d)", re.IGNORECASE)
_UNIT = re.compile(r"\s*(?:%|°|(?:mm|cm|m|µm|um|px|percent|degrees?|grams?|g|ml|v)[²³23]?\b)", re.IGNORECASE)
_NAME_BEFORE = re.compile(
    r"\b(?:no\.?|number|side|step|zone|type|size|phase|part|version)\s*$", re.IGNORECASE
)

YES, NO = "A", "B"


def expected_count(item: ChecklistItem) -> int | None:
    """Returns how many a statement expects, or None where it counts nothing or more than one thing.

    The card's ``count`` goes first, else a number is read from the statement: in digits or in words up to
    twenty. Numbers with a unit of measure (``2 mm``) and numbers that name something (``zone 2``) are no
    counts.
    """
    if item.count is not None:
        return item.count
    numbers = counts_in(item.statement)
    return numbers[0] if len(numbers) == 1 else None


def counts_in(statement: str) -> list[int]:
    """Returns the counts that a statement names, in its order."""
    found = []
    for match in _COUNTED.finditer(statement):
        behind, before = statement[match.end() :], statement[: match.start()]
        if match["digits"] is not None:
            if not _UNIT.match(behind) and not _NAME_BEFORE.search(before):
                found.append(int(match["digits"]))
        elif (number := _NUMBERS.get(match["word"].casefold())) is not None and not _UNIT.match(behind):
            found.append(number)
    return found


def counted(identity: str, item: ChecklistItem, places: Sequence[CountedPlace]) -> ChecklistFinding:
    """Returns the finding of counting at the places that the card draws.

    A statement fails as soon as one thing is missing; it holds when each place was told.

    Args:
        identity: Id of the finding, such as ``C1``.
        item: The statement.
        places: What was found at each place.
    """
    expected = expected_count(item)
    if expected != len(places):
        return cannot_tell(identity, item, f"it draws {len(places)} places and expects {_number(expected)}")
    of = {
        presence: [place for place in places if place.presence == presence]
        for presence in ("present", "missing", "undetermined")
    }
    missing, untold = of["missing"], of["undetermined"]
    holds = False if missing else (None if untold else True)
    said = f"{len(of['present'])} of {expected} {item.what or 'things'} are where they should be"
    if missing:
        said += f"; missing: {', '.join(place.place for place in missing)}"
    if untold:
        whys = dict.fromkeys(place.reason for place in untold)
        said += f"; cannot tell: {', '.join(place.place for place in untold)} ({'; '.join(whys)})"
    judged = {True: "holds", False: "fails", None: "cannot be told"}[holds]
    return ChecklistFinding(
        id=identity,
        statement=item.statement,
        holds=holds,
        expected=expected,
        counted=None if untold else len(of["present"]),
        places=tuple(places),
        reason=f"{said}: '{item.statement}' {judged}.",
    )


def _number(expected: int | None) -> str:
    return "no single number" if expected is None else str(expected)


def cannot_tell(identity: str, item: ChecklistItem, why: str) -> ChecklistFinding:
    """Returns the finding of a statement that cannot be answered; ``why`` is one clause."""
    return ChecklistFinding(
        id=identity,
        statement=item.statement,
        holds=None,
        expected=expected_count(item),
        reason=f"'{item.statement}' cannot be told: {why}.",
    )


def closed_question(statement: str) -> Question:
    """Returns a statement as a closed question for a language model."""
    text = f"Does this statement hold for the part in the photograph? Statement: {statement}"
    return Question(text=text, options={YES: "Yes", NO: "No"})


def answered(
    finding: ChecklistFinding, letter: str | None, by: str, why: str = "its answer could not be read"
) -> ChecklistFinding:
    """Returns a finding that was not counted with a language model's answer to the closed question.

    Args:
        finding: The finding of the statement so far.
        letter: The answered letter; anything but the two options is "undetermined".
        by: Who answered.
        why: Why there is no answer, where there is none; one clause.
    """
    if letter not in {YES, NO}:
        reason = f"{finding.reason} {by} cannot tell either: {why}."
        return finding.model_copy(update={"reason": reason})
    holds = letter == YES
    reason = f"{by} says that '{finding.statement}' {'holds' if holds else 'fails'}."
    return finding.model_copy(update={"holds": holds, "answered_by": by, "reason": reason})
