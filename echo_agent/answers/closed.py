"""Answers from evidence alone, without a language model: what cannot be measured is a marked guess."""

import math
import re
from collections.abc import Sequence

from echo_agent.answers.one_shot import likelier_defective
from echo_agent.answers.question_kind import kind_of_question
from echo_agent.answers.region_shape import describe_regions
from echo_agent.answers.text_similarity import similarities
from echo_agent.state import (
    Answer,
    ImageRef,
    KnowledgeEvidence,
    Question,
    QuestionKind,
    ReferenceEvidence,
    Region,
    State,
)

_NEGATED = re.compile(
    r"\b(?:free of|without(?: any)?|no(?: visible)?) (?:defect|anomal|damage|flaw|fault)\w*"
    r"|\b(?:normal|intact|flawless|good|fine)\b",
    re.IGNORECASE,
)
_DEFECT = re.compile(r"\b(defect\w*|anomal\w*|damage\w*|abnormal\w*|flaw\w*|fault\w*)", re.I)
_ROWS = {"top": 0, "upper": 0, "above": 0, "bottom": 2, "lower": 2, "below": 2}
_COLUMNS = {"left": 0, "right": 2}
_MIDDLE = frozenset({"centre", "center", "middle", "central", "mid"})
_SHARPNESS = 12.0
"""How fast an option loses probability with similarity to a recognised product."""

_GUESS_SHARPNESS = 1.0
"""The same for guesses and for shapes, which say little: no option is much likelier than another."""


def answer_discrimination(question: Question, probability_defective: float) -> Answer:
    """Answers whether there is a defect.

    Args:
        question: The question; with options, one of them must say yes or no, normal or defective.
        probability_defective: Probability that the part is defective, 0..1.

    Returns:
        The likelier option; declined where no option can be told to mean normal or defective.
    """
    if not question.options:
        label = "defective" if probability_defective > 0.5 else "normal"
        certainty = max(probability_defective, 1 - probability_defective)
        return Answer(text=f"The part is {label}.", confidence=certainty)
    asks_for_good = bool(_NEGATED.search(question.text)) and not _DEFECT.search(
        _NEGATED.sub("", question.text)
    )
    meaning = {letter: _means_defective(option, asks_for_good) for letter, option in question.options.items()}
    sides = {side: [letter for letter, means in meaning.items() if means is side] for side in (True, False)}
    if not sides[True] or not sides[False]:
        return Answer(text="No option says whether the part is normal or defective.", declined=True)
    share = {True: probability_defective, False: 1 - probability_defective}
    probabilities = {
        letter: share[side] / len(letters) for side, letters in sides.items() for letter in letters
    }
    return _choose(question, {letter: probabilities.get(letter, 0.0) for letter in question.options})


def _means_defective(option: str, asks_for_good: bool) -> bool | None:
    first = re.match(r"\W*(yes|no)\b", option, re.I)
    if first:
        return (first.group(1).casefold() == "yes") != asks_for_good
    if _NEGATED.search(option):
        return False
    return True if _DEFECT.search(option) else None


def answer_place(question: Question, regions: Sequence[Region], places: Sequence[float]) -> Answer:
    """Answers where the defect is, by holding the options' place words against the anomaly map.

    Args:
        question: The question.
        regions: Suspicious areas, most suspicious first, for a question without options.
        places: Shares of the 3 x 3 grid, row by row; empty where nothing was compared.

    Returns:
        The likeliest option; a guess where nothing was compared or no option names a place.
    """
    if not question.options:
        text = f"The most suspicious area lies {regions[0].place}." if regions else "No area stands out."
        return Answer(text=text, declined=not regions)
    cells = {letter: place_cells(option) for letter, option in question.options.items()}
    if not places or not any(cells.values()):
        return guess(question, "")
    shares = {
        letter: max((places[3 * row + column] for row, column in named), default=0.0)
        for letter, named in cells.items()
    }
    total = sum(shares.values())
    return _choose(question, {letter: share / total for letter, share in shares.items()})


def place_cells(text: str) -> frozenset[tuple[int, int]]:
    """Reads the cells ``(row, column)`` of a 3 x 3 grid that a text names; empty where it names no place.

    Args:
        text: Such as ``Top left``, ``in the centre``, ``On the right side``.
    """
    named = re.findall(r"[a-z]+", text.casefold())
    rows = {_ROWS[word] for word in named if word in _ROWS}
    columns = {_COLUMNS[word] for word in named if word in _COLUMNS}
    if not rows and not columns and not _MIDDLE.intersection(named):
        return frozenset()
    return frozenset((row, column) for row in rows or {1} for column in columns or {1})


def answer_object(
    question: Question, reference: ReferenceEvidence | None, knowledge: KnowledgeEvidence | None
) -> Answer:
    """Answers which object is shown: the recognised product's name and card against the options.

    Args:
        question: The question.
        reference: Names the product and says how far the image resembles it.
        knowledge: Describes the product's normal state.

    Returns:
        The most similar option; a guess where the product is not known by a name that resembles an option.
    """
    product = reference.product if reference else None
    known = " ".join(part for part in (product, knowledge.normal if knowledge else "") if part)
    if not question.options:
        return Answer(text=f"It resembles {product}.") if product else _unknown()
    alike = similarities(known, list(question.options.values()))
    if max(alike) <= 0:
        return guess(question, known)
    return _by_similarity(question, alike)


def answer_type(
    question: Question,
    regions: Sequence[Region],
    image: ImageRef,
    knowledge: KnowledgeEvidence | None,
) -> Answer:
    """Guesses which defect it is or how it looks, by the shape of the regions.

    Shapes and words tell little about types: on photographs of four products this was right little more often
    than chance, so that each such answer is marked as a guess.

    Args:
        question: The question.
        regions: Suspicious areas.
        image: The image, for its size.
        knowledge: Cards: an option is described by the passages that resemble it, too.

    Returns:
        A guess: the option whose description fits the measured shape best, or the card's words without regions.
    """
    if not question.options:
        shape = describe_regions(regions, image)
        return Answer(text=f"The suspicious area is {shape.in_words()}.") if regions else _unknown()
    if not regions:
        return guess(question, knowledge_text(knowledge))
    shape = describe_regions(regions, image)
    fits = [shape.fit(described(option, knowledge)) for option in question.options.values()]
    if max(fits) - min(fits) < 1e-9:
        return guess(question, knowledge_text(knowledge))
    answer = _choose(question, _softmax(list(question.options), fits, _GUESS_SHARPNESS))
    return answer.model_copy(update={"guess": True})


def described(option: str, knowledge: KnowledgeEvidence | None) -> str:
    """The option with the passage of the card that resembles it most, where one does."""
    passages = [citation.text for citation in knowledge.citations] if knowledge else []
    if not passages:
        return option
    alike = similarities(option, passages)
    best = max(range(len(passages)), key=alike.__getitem__)
    return f"{option}. {passages[best]}" if alike[best] > 0.5 else option


def guess(question: Question, known: str) -> Answer:
    """The option that resembles best what is known in words, marked as a guess.

    Args:
        question: The question.
        known: Texts about the product, such as its name and card.

    Returns:
        A guess; declined for a question without options.
    """
    if not question.options:
        return _unknown()
    alike = similarities(f"{known} {question.text}", list(question.options.values()))
    answer = _choose(question, _softmax(list(question.options), alike, _GUESS_SHARPNESS))
    return answer.model_copy(update={"guess": True})


def knowledge_text(knowledge: KnowledgeEvidence | None) -> str:
    """All that the cards say, in one text."""
    if knowledge is None:
        return ""
    return " ".join(
        (knowledge.normal, *knowledge.defect_types, *(citation.text for citation in knowledge.citations))
    )


def answer_of(state: State) -> Answer | None:
    """Answers the state's question from evidence.

    Args:
        state: An inspection with its evidence.

    Returns:
        The answer; None where no question was asked.
    """
    if state.question is None or state.image is None:
        return None
    return measured_answer(
        state.question,
        kind_of_question(state.question.text).kind,
        image=state.image,
        probability_defective=likelier_defective(state.reference),
        reference=state.reference,
        knowledge=state.knowledge,
    )


def measured_answer(
    question: Question,
    kind: QuestionKind,
    *,
    image: ImageRef,
    probability_defective: float,
    reference: ReferenceEvidence | None,
    knowledge: KnowledgeEvidence | None,
) -> Answer:
    """Answers a question from evidence.

    Args:
        question: The question, free or with options.
        kind: Its kind.
        image: The image that it is about.
        probability_defective: Probability that the part is defective, 0..1.
        reference: What the Reference Extractor found.
        knowledge: What the Knowledge Guide found.

    Returns:
        An answer from evidence; a marked guess where only words help; declined where there are neither.
    """
    regions = reference.regions if reference else ()
    match kind:
        case "discrimination":
            return answer_discrimination(question, probability_defective)
        case "place":
            return answer_place(question, regions, reference.places if reference else ())
        case "object":
            return answer_object(question, reference, knowledge)
        case "type" | "look":
            return answer_type(question, regions, image, knowledge)
        case _:
            name = reference.product if reference and reference.product else ""
            return guess(question, f"{name} {knowledge_text(knowledge)}")


def _unknown() -> Answer:
    return Answer(text="This cannot be told from measurements.", declined=True)


def _by_similarity(question: Question, alike: Sequence[float]) -> Answer:
    return _choose(question, _softmax(list(question.options), alike, _SHARPNESS))


def _softmax(letters: Sequence[str], values: Sequence[float], sharpness: float) -> dict[str, float]:
    powers = [math.exp(sharpness * (value - max(values))) for value in values]
    return {letter: power / sum(powers) for letter, power in zip(letters, powers, strict=True)}


def _choose(question: Question, probabilities: dict[str, float]) -> Answer:
    letter = max(probabilities, key=probabilities.__getitem__)
    return Answer(
        letter=letter,
        text=question.options[letter],
        confidence=min(1.0, probabilities[letter]),
        probabilities=probabilities,
    )
