"""Multiple-choice questions: their options out of the text, and a choice from what was measured."""

import re

from echo_agent.report.words import percent
from echo_agent.state import Answer, Question, Verdict

_OPTION = re.compile(r"(?:^|(?<=[\s,;?.]))\(?([A-Ha-h])[).:]\s+")
_GOOD = r"\b(?:normal|good|ok|okay|intact|flawless|undamaged|no defect\w*|not defective|without\b.*)\b"
_BAD = r"\b(?:defect\w*|anomal\w*|abnormal|damaged|bad|faulty|flawed|broken|cracked|scratched|dented)\b"
_PLACES = ("top", "bottom", "left", "right", "centre")


def split_options(question: Question) -> Question:
    """Takes the options ``A) ... B) ...`` out of a question's text, where they stand there.

    Returns:
        The question with its options; unchanged where it has some, or where fewer than two follow each other.
    """
    if question.options:
        return question
    marks = list(_OPTION.finditer(question.text))
    start = next((at for at, mark in enumerate(marks) if mark.group(1).upper() == "A"), None)
    if start is None:
        return question
    taken = [marks[start]]
    for mark in marks[start + 1 :]:
        if ord(mark.group(1).upper()) == ord(taken[-1].group(1).upper()) + 1:
            taken.append(mark)
    if len(taken) < 2:
        return question
    ends = [*(mark.start() for mark in taken[1:]), len(question.text)]
    options = {
        mark.group(1).upper(): question.text[mark.end() : end].strip(" \n,;")
        for mark, end in zip(taken, ends, strict=True)
    }
    return Question(text=question.text[: taken[0].start()].strip(), options=options)


def choose_option(question: Question, verdict: Verdict) -> Answer:
    """Chooses an option where the evidence can: whether the part is defective, and where.

    Args:
        question: The question with its options.
        verdict: The verdict with its evidence.

    Returns:
        Letter, text and confidence; declined where what was measured cannot tell the options apart.
    """
    shares = _by_label(question, verdict) or _by_place(question, verdict)
    if not shares:
        return Answer(
            text="What was measured cannot tell these options apart, so I choose none; a language model could.",
            declined=True,
        )
    letter = max(shares, key=lambda one: shares[one])
    text = f"{letter}) {question.options[letter]} ({percent(shares[letter])} sure)"
    if verdict.label == "review":
        text += ", which is not enough to decide: a person should look"
    return Answer(letter=letter, text=f"{text} [E1].", confidence=shares[letter], probabilities=shares)


def _by_label(question: Question, verdict: Verdict) -> dict[str, float]:
    probability = _defective(verdict)
    if probability is None:
        return {}
    about_good = bool(re.search(_GOOD, question.text.casefold())) and not re.search(
        _BAD, question.text.casefold()
    )
    says_defective = {
        letter: _says_defective(text.casefold(), about_good) for letter, text in question.options.items()
    }
    if sorted(map(str, says_defective.values())) != ["False", "True"]:
        return {}
    return {letter: probability if says else 1 - probability for letter, says in says_defective.items()}


def _says_defective(option: str, about_good: bool) -> bool | None:
    if re.match(r"\W*yes\b", option):
        return not about_good
    if re.match(r"\W*no\b(?! defect)", option):
        return about_good
    if re.search(_GOOD, option):
        return False
    return True if re.search(_BAD, option) else None


def _by_place(question: Question, verdict: Verdict) -> dict[str, float]:
    places = {
        letter: frozenset(re.findall("|".join(_PLACES), text.casefold().replace("center", "centre")))
        for letter, text in question.options.items()
    }
    named = [place for place in places.values() if place]
    if len(named) < 2 or len(set(named)) < len(named) or not verdict.regions:
        return {}
    weights = dict.fromkeys(places, 0.0)
    for region in verdict.regions:
        words = frozenset(region.place.split())
        best = max(places, key=lambda letter: _overlap(places[letter], words))
        if _overlap(places[best], words) > 0:
            weights[best] += region.peak
    total = sum(weights.values())
    return {letter: weight / total for letter, weight in weights.items()} if total > 0 else {}


def _overlap(option: frozenset[str], region: frozenset[str]) -> float:
    return len(option & region) / len(option | region) if option else 0.0


def _defective(verdict: Verdict) -> float | None:
    if verdict.label == "review" and verdict.p_value is None:
        return None
    known = verdict.attempts[-1].probabilities.get("defective") if verdict.attempts else None
    if known is not None:
        return known
    return verdict.confidence if verdict.label == "defective" else 1 - verdict.confidence
