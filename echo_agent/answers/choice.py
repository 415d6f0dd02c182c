"""A choice among the options of a question: by what was measured, or a marked guess, or none."""

import math
import re
from collections.abc import Collection, Mapping, Sequence

from echo_agent.answers.card import checklist_answer, tolerance_answer
from echo_agent.answers.inspected import Inspected
from echo_agent.answers.language import names_another_language
from echo_agent.answers.place import cells_in_words, share_of_the_likeliest, shares_of
from echo_agent.answers.polarity import Said, Side, Statement, read_statement
from echo_agent.answers.question import WHICH_HOLDS, ClassifiedQuestion, last_sentence
from echo_agent.answers.region_shape import describe_regions
from echo_agent.answers.regions import count_answer, place_answer, size_answer
from echo_agent.answers.text_similarity import similarities, words
from echo_agent.answers.yes_or_no import PART, is_about_a_place, yes_means
from echo_agent.state import Answer, KnowledgeEvidence, Question
from echo_agent.state.notation import percent

_SHARPNESS = 12.0
"""How fast an option loses probability with similarity to a recognised product."""

_GUESS_SHARPNESS = 1.0
"""The same for guesses, which say little: no option is much likelier than another."""

_EVEN = 1e-9
"""Probabilities that differ by less are a tie."""

_UNDETERMINED = re.compile(
    r"\b(?:can ?not|can't|could not|hard to) (?:be )?(?:tell|told|say|decided?|judged?|determined?)\b"
    r"|\bunsure\b|\bnot sure\b|\bunclear\b|\bundecided\b|\bundetermined\b|\b(?:do not|don't) know\b"
    r"|\ba person should\b|\breview\b",
    re.IGNORECASE,
)
_NOWHERE = re.compile(
    r"\W*(?:nowhere|none(?! of)|no (?:area|place|part|defect|damage)|there is (?:none|nothing|no defect)|nothing)\b.*",
    re.IGNORECASE,
)
_FLIPPED = re.compile(
    r"\b(?:not|never|no|none|nothing|except|false|untrue|incorrect|least|unlikely|exclude\w*|ruled? out|opposite"
    r"|neither|unaffected|without|free)\b|n't\b|\b(?:statement|answer|option|these|following)\b.*\bwrong\b"
    r"|\bwrong (?:statement|answer|option)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(r"\W*(?:\w+ )?(?:which|what|where|how|why|who|choose|select|pick|name)\b", re.IGNORECASE)
_ASKS_FOR_A_JUDGEMENT = re.compile(
    rf"(?:and |so )?(?:how (?:is|are|does|do|about|(?:would|do) you (?:rate|judge|classify|assess|grade)) {PART}"
    r"(?: (?:look|seem|appear)(?: to you)?)?"
    r"|what(?: is|'s) (?:the|your|its) (?:state|condition|status|quality|result|verdict|judge?ment|opinion|assessment)"
    rf"(?: (?:of|on|about) {PART})?|what (?:state|condition|shape) is {PART} in"
    rf"|what (?:do|would) you (?:think|say|see)(?: (?:of|about) {PART})?"
    rf"|what (?:should|shall|do|must|can) (?:i|we) do(?: with {PART}| now| next)?"
    r"|what (?:is the )?(?:now|next)(?: step)?"
    rf"|{WHICH_HOLDS})\W*",
    re.IGNORECASE,
)
_ASSERTED = re.compile(
    r"\bthere (?:is|are) (?:an? |some )?(?:defect|anomal|flaw|fault|damage)\w*\b[^?]*[.!]", re.IGNORECASE
)

_OF_ANY_CHECKLIST = frozenset({"missing", "present", "there", "complete", "place", "every", "all"})

NEAR = 0.5
"""A place is that which stands out where it has at least this share of the likeliest place's likelihood."""

FAR = 0.05
"""It is surely another where it has less than this share of it."""

NOT_UNDERSTOOD = (
    "I do not surely understand what is asked here, so I choose none of the options; asked without options, I say what "
    "was measured. A language model could choose (--mllm)."
)
NOTHING_SPEAKS = (
    "What was measured cannot tell these options apart, so I choose none; a language model could (--mllm)."
)
WHAT_IT_IS = "that something stands out is measured, not what it is"
SAID_INSTEAD = "I choose none of these options, and say what was measured."
NOT_MEASURED = "Nothing was measured that could answer this, so I choose none of the options."


def choose(question: Question, asked: ClassifiedQuestion, inspected: Inspected) -> Answer:
    """Chooses an option.

    Args:
        question: The question with its options.
        asked: What it asks.
        inspected: The part.

    Returns:
        The choice with its confidence, never one that is contrary to the evidence. It is marked as a guess where
        options are equally likely, and where only shapes and words speak for it; declined where question or options
        are not surely understood, or nothing speaks for any of them.
    """
    if asked.kind == "other" or any(map(names_another_language, question.options.values())):
        return _declined(NOT_UNDERSTOOD)
    last = last_sentence(question.text)
    if _OPEN.match(last) and _FLIPPED.search(last):
        return _declined(NOT_UNDERSTOOD)
    if asked.kind == "discrimination":
        return _judgement(question, asked, inspected)
    if asked.kind == "object":
        return _object(question, asked, inspected)
    return _of_a_defect(question, asked, inspected)


def _judgement(question: Question, asked: ClassifiedQuestion, inspected: Inspected) -> Answer:
    """Whether the part is normal or defective, keeps its tolerances, or is complete."""
    last = last_sentence(question.text)
    if _OPEN.match(last) and not _ASKS_FOR_A_JUDGEMENT.fullmatch(last):
        return _declined(NOT_UNDERSTOOD)
    undetermined = [letter for letter, text in question.options.items() if _UNDETERMINED.search(text)]
    said = _what_options_say(question, asked, undetermined)
    if said is None or {one.side for one in said.values()} != {"normal", "defective"}:
        return _declined(NOT_UNDERSTOOD)
    if asked.intent in {"tolerance", "pieces"}:
        return _by_findings(question, asked, said, inspected)
    probability = inspected.probability_defective()
    if probability is None:
        return _declined(NOT_MEASURED)
    if inspected.verdict.label == "review" and len(undetermined) == 1:
        letter = undetermined[0]
        text = f"{_option(question, letter)}: what was measured is not enough to decide, a person should look [E1]."
        return Answer(letter=letter, text=text)
    return _likelier(question, said, probability, inspected)


def _likelier(
    question: Question, said: Mapping[str, Said], probability: float, inspected: Inspected
) -> Answer:
    """The option on the likelier side; a guess where the sides are even, or more is said than was measured.

    What is defective as a whole need not be so at the place that is asked of: then none.
    """
    side: Side = "defective" if probability >= 0.5 else "normal"
    if side == "defective" and any(map(is_about_a_place, (question.text, *question.options.values()))):
        return _declined(f"{SAID_INSTEAD} {place_answer(inspected)}")
    share = {"defective": probability, "normal": 1 - probability}
    sides = [one.side for one in said.values()]
    shares = {letter: share[one.side] / sides.count(one.side) for letter, one in said.items()}
    letters = [letter for letter, one in said.items() if one.side == side]
    if share[side] - 0.5 < _EVEN:
        return _guess(question, shares, letters, "what was measured speaks for both alike [E1]")
    if len(letters) > 1:
        return _guess(question, shares, letters, f"more than one option says that the part is {side} [E1]")
    if (
        side == "defective"
        and said[letters[0]].typed
        and read_statement(question.options[letters[0]]).said is None
    ):
        return _guess(question, shares, letters, f"{WHAT_IT_IS} [E1]")
    return _sure(question, shares, letters[0], inspected, "E1")


def _what_options_say(
    question: Question, asked: ClassifiedQuestion, left_out: Collection[str]
) -> dict[str, Said] | None:
    """What each option says of the part: its own words first, Yes and No by what Yes means; None in any doubt."""
    yes = _all_there(question.text) if asked.intent == "pieces" else yes_means(question.text)
    said: dict[str, Said] = {}
    for letter, text in question.options.items():
        if letter in left_out:
            continue
        read = read_statement(text)
        by_particle = None if read.particle is None or yes is None else _turned(yes, turned=not read.particle)
        own = read.said or by_particle
        if not read.clear or own is None or (by_particle is not None and by_particle.side != own.side):
            return None
        said[letter] = own
    return said


def _turned(said: Said, *, turned: bool) -> Said:
    other: Side = "normal" if said.side == "defective" else "defective"
    return Said(other, said.typed) if turned else said


def _all_there(text: str) -> Said | None:
    """What Yes says to a question whether the part is complete."""
    if _FLIPPED.search(text) or _OPEN.match(text):
        return None
    if re.search(r"\b(?:missing|incomplete)\b", text, re.IGNORECASE):
        return Said("defective")
    return (
        Said("normal") if re.search(r"\b(?:complete|there|present|in place)\b", text, re.IGNORECASE) else None
    )


def _by_findings(
    question: Question, asked: ClassifiedQuestion, said: Mapping[str, Said], inspected: Inspected
) -> Answer:
    """By the card's tolerances or its checklist; declined in their words where they leave it open."""
    knowledge = inspected.verdict.knowledge
    held: dict[str, bool | None] = {}
    if asked.intent == "tolerance":
        told = tolerance_answer(inspected)
        for finding in knowledge.tolerances if knowledge is not None else ():
            held[finding.id] = {"within": True, "exceeds": False}.get(finding.outcome)
    else:
        told = checklist_answer(inspected)
        for counted in knowledge.checklist if knowledge is not None else ():
            if _speaks_of(question.text, counted.statement):
                held[counted.id] = counted.holds
    broken = [identity for identity, holds in held.items() if holds is False]
    if not broken and (not held or None in held.values()):
        return _declined(told)
    letters = [letter for letter, one in said.items() if one.side == ("defective" if broken else "normal")]
    if len(letters) != 1:
        return _declined(NOT_UNDERSTOOD)
    text = f"{_option(question, letters[0])} [{', '.join(broken or held)}]."
    return Answer(letter=letters[0], text=text)


def _speaks_of(question: str, statement: str) -> bool:
    """Whether a question is about what a statement of the checklist counts, or about the whole part."""
    if re.search(
        r"\b(?:anything|everything|it|this|that|part|piece|product|all there)\b", question, re.IGNORECASE
    ):
        return True
    things = {word.rstrip("s") for word in words(question) if word not in _OF_ANY_CHECKLIST}
    return not things.isdisjoint(word.rstrip("s") for word in words(statement))


def _of_a_defect(question: Question, asked: ClassifiedQuestion, inspected: Inspected) -> Answer:
    """Where a defect is, which it is, how it looks, what it does: on a normal part there is none."""
    if asked.intent in {"size", "count"}:
        told = size_answer(inspected) if asked.intent == "size" else count_answer(inspected)
        return _declined(f"{SAID_INSTEAD} {told}")
    read = {letter: read_statement(text) for letter, text in question.options.items()}
    denying = [
        letter
        for letter, text in question.options.items()
        if _NOWHERE.fullmatch(text) or (asked.kind in {"place", "type"} and _calls_normal(read[letter]))
    ]
    left = [letter for letter in question.options if letter not in denying]
    if len(denying) > 1 or any(read[letter].particle is not None for letter in left):
        return _declined(NOT_UNDERSTOOD)
    probability = inspected.probability_defective()
    if denying and probability is not None and probability < 0.5:
        return _sure(question, {denying[0]: 1 - probability}, denying[0], inspected, "E1")
    if inspected.verdict.label == "normal" and not _ASSERTED.search(question.text):
        return _declined("I see no defect, so I choose none of these options [E1].")
    if asked.kind != "place" and denying and len(left) == 1 and probability is not None:
        shares = {left[0]: probability, denying[0]: 1 - probability}
        return _guess(question, shares, left, f"{WHAT_IT_IS} [E1]")
    return (_place if asked.kind == "place" else _by_shape_or_words)(question, asked, left, inspected)


def _calls_normal(read: Statement) -> bool:
    return read.said is not None and read.said.side == "normal"


def _place(question: Question, _: ClassifiedQuestion, letters: Sequence[str], inspected: Inspected) -> Answer:
    """By the anomaly map, or the areas, at the places that the options name."""
    places = inspected.places()
    cells = {letter: cells_in_words(question.options[letter]) for letter in letters}
    if not places or not any(cells.values()):
        return _declined(NOTHING_SPEAKS if places else NOT_MEASURED)
    found = shares_of(cells, places)
    ids = ", ".join(region.id for region in inspected.verdict.regions[:3]) or "E1"
    nearness = max(found.values()) / share_of_the_likeliest(cells, places)
    if nearness < FAR:
        return _declined(f"What stands out lies at none of these places, so I choose none of them [{ids}].")
    shares = {letter: share / sum(found.values()) for letter, share in found.items()}
    likeliest = _most(shares)
    why = ""
    if len(likeliest) > 1:
        why = f"what was measured speaks for both alike [{ids}]"
    elif inspected.verdict.label == "normal":
        why = "no area stands out, the difference is only largest there [E1]"
    elif nearness < NEAR:
        why = f"what stands out most lies beside it [{ids}]"
    elif not all(cells.values()):
        why = f"not every option names a place of the photograph [{ids}]"
    if why:
        return _guess(question, shares, likeliest, why)
    return _sure(question, shares, likeliest[0], inspected, ids)


def _object(question: Question, asked: ClassifiedQuestion, inspected: Inspected) -> Answer:
    """Which object it is: the recognised product's name and card against the options."""
    if any(read_statement(text).particle is not None for text in question.options.values()):
        return _declined(NOT_UNDERSTOOD)
    product, knowledge = inspected.verdict.product, inspected.verdict.knowledge
    if asked.intent == "product" and product is None:
        return _declined("I do not know this product, so I choose none of the options [E1].")
    known = " ".join(part for part in (product, knowledge.normal if knowledge else "") if part)
    alike = dict(zip(question.options, similarities(known, list(question.options.values())), strict=True))
    if max(alike.values()) <= 0:
        return _declined(NOTHING_SPEAKS)
    likeliest = _most(alike)
    if asked.intent == "product" and len(likeliest) == 1:
        return _sure(question, _softmax(alike, _SHARPNESS), likeliest[0], None, "E1")
    why = "this cannot be measured, the product's name and card only resemble it most [K]"
    return _guess(question, _softmax(alike, _GUESS_SHARPNESS), likeliest, why)


def _by_shape_or_words(
    question: Question, asked: ClassifiedQuestion, letters: Sequence[str], inspected: Inspected
) -> Answer:
    """Guesses which defect it is, or how it looks, by the shape of the areas; else by the card's words.

    Shapes and words tell little about types: on photographs of four products this was right little more often than
    chance.
    """
    knowledge, regions = inspected.verdict.knowledge, inspected.verdict.regions
    options = {letter: question.options[letter] for letter in letters}
    if asked.kind in {"type", "look"} and regions:
        shape = describe_regions(regions, inspected.image)
        fits = {letter: shape.fit(_described(text, knowledge)) for letter, text in options.items()}
        if not _all_alike(fits):
            why = f"only its shape is measured, not what it is [{regions[0].id}]"
            return _guess(question, _softmax(fits, _GUESS_SHARPNESS), _most(fits), why)
    known = " ".join(part for part in (inspected.verdict.product, _knowledge_text(knowledge)) if part)
    alike = dict(zip(options, similarities(known, list(options.values())), strict=True))
    if _all_alike(alike):
        return _declined(NOTHING_SPEAKS)
    why = "this cannot be measured, the words of the card only resemble it most [K]"
    return _guess(question, _softmax(alike, _GUESS_SHARPNESS), _most(alike), why)


def _described(option: str, knowledge: KnowledgeEvidence | None) -> str:
    """The option with the passage of the card that resembles it most, where one does."""
    passages = [citation.text for citation in knowledge.citations] if knowledge else []
    if not passages:
        return option
    alike = similarities(option, passages)
    best = max(range(len(passages)), key=alike.__getitem__)
    return f"{option}. {passages[best]}" if alike[best] > 0.5 else option


def _knowledge_text(knowledge: KnowledgeEvidence | None) -> str:
    """All that the cards say, in one text."""
    if knowledge is None:
        return ""
    return " ".join(
        (knowledge.normal, *knowledge.defect_types, *(citation.text for citation in knowledge.citations))
    )


def _softmax(values: Mapping[str, float], sharpness: float) -> dict[str, float]:
    powers = {
        letter: math.exp(sharpness * (value - max(values.values()))) for letter, value in values.items()
    }
    return {letter: power / sum(powers.values()) for letter, power in powers.items()}


def _most(values: Mapping[str, float]) -> list[str]:
    """The letters of the highest value; more than one where they tie."""
    return [letter for letter, value in values.items() if max(values.values()) - value < _EVEN]


def _all_alike(values: Mapping[str, float]) -> bool:
    return max(values.values()) - min(values.values()) < _EVEN


def in_words(answer: Answer, question: Question) -> Answer:
    """A language model's choice said with its letter and confidence, a tie as a guess; other answers as they are."""
    if answer.letter is None:
        return answer
    likeliest = _most(answer.probabilities) if answer.probabilities else [answer.letter]
    if len(likeliest) > 1:
        return _guess(question, answer.probabilities, likeliest, "the model finds others as likely")
    sure = f" ({percent(answer.confidence)} sure, uncalibrated)" if answer.confidence is not None else ""
    return answer.model_copy(update={"text": f"{_option(question, answer.letter)}{sure}"})


def _option(question: Question, letter: str) -> str:
    return f"{letter}) {question.options[letter].strip().rstrip('.')}"


def _sure(
    question: Question, shares: Mapping[str, float], letter: str, inspected: Inspected | None, ids: str
) -> Answer:
    shares = {one: min(1.0, shares.get(one, 0.0)) for one in question.options}
    text = f"{_option(question, letter)} ({percent(shares[letter])} sure, uncalibrated)"
    if inspected is not None and inspected.verdict.label == "review":
        text += ", which is not enough to decide: a person should look"
    return Answer(letter=letter, text=f"{text} [{ids}].", confidence=shares[letter], probabilities=shares)


def _guess(question: Question, shares: Mapping[str, float], likeliest: Sequence[str], why: str) -> Answer:
    letter = likeliest[0]
    return Answer(
        letter=letter,
        text=f"{_option(question, letter)}, which is a guess: {why}.",
        confidence=min(1.0, shares[letter]),
        probabilities={one: min(1.0, shares.get(one, 0.0)) for one in question.options},
        guess=True,
    )


def _declined(text: str) -> Answer:
    return Answer(text=text, declined=True)
