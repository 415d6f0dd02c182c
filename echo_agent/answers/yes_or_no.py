"""What Yes means as the answer to a question about a part: ``Is it free of defects?``.

A question is surely understood where it is built, from its first word to its last, in one of the forms below; the only
words in it that need not be known are those that name the part. A negated question is in none of them, since Yes and
No are used in both ways as its answer.
"""

import re
from collections.abc import Sequence

from echo_agent.answers.polarity import JudgingWord, Said, in_plain_words, judging_words, said_by

_MARKS = {"named": "N", "typed": "N", "on": "G", "out": "O"}
"""How a word that judges is written in the forms: a noun N, what becomes of the part G or O, all else A."""

_KNOWN = (
    r"is|are|was|were|be|been|being|am|do|does|did|has|have|had|can|could|would|should|shall|will|may|must|it|this|that"
    r"|these|those|they|i|we|you|he|she|one|there|here|what|which|who|when|where|why|how|whose|to|of|in|on|at|with|for|from"
    r"|by|as|a|an|any|some|the|my|our|your|and|or|so|very|anything|something|everything|all|always|often|ever|usually"
    r"|other|others|another|previous|preceding|next|last|earlier|references?|templates?|photo(?:graph)?s?|pictures?"
    r"|images?|camera|light(?:ing)?|focus|weather|operator|machine|model|questions?|answers?|card|threshold|customers?"
    r"|supplier|batch|lot|shift|rest|scale|risk|chance|looks?|seems?|same|many|much|get|gets|becomes?|true|correct|right"
)
_NAME = rf"(?!(?:{_KNOWN}|[ANGO])\b)[\w-]+"
PART = (
    rf"(?:(?:the|this|that|these|those|my|our|every|each) (?:{_NAME}(?: {_NAME}){{0,2}}|one)"
    r"|all of it|it|this|that|these|those|they|everything|all)(?: here)?"
)
"""The part, or a thing of it, as a question names it: S in the forms."""

_BE = r"(?:is|are|was|were|looks?|seems?|appears?)(?: to be)?"
_HAS = r"(?:has|have|had|shows?|contains?|exhibits?|displays?|bears?)(?: got)?"
_SEES = r"(?:see|find|notice|detect|recogni[sz]e|make out|identify)"
_JUDGED = rf"(?:an? A(?: (?:one|{_NAME}))?|A|N|an? [GO])"
_THING = r"(?: (?:S|them))?"
_FORMS = re.compile(
    "(?:"
    + "|".join((
        rf"S {_BE} {_JUDGED}",
        rf"S {_HAS} N",
        r"S (?:has|have) been A",
        r"there (?:is|are) (?:N|(?:any|some)thing A|A)",
        r"S (?:can|should|must|has to|needs to) be [GO]",
        r"(?:i|we|you) (?:see|find|notice) N",
        rf"(?:is|are|was|were) S (?:to be )?(?:{_JUDGED}|[GO])",
        r"(?:is|are) (?:any|some)thing A",
        r"(?:is|are|was|were) there (?:N|(?:any|some)thing A|A)",
        r"(?:is|are) [NA]",
        rf"(?:does|do|did) S (?:look|seem|appear)(?: to be| like)? {_JUDGED}",
        r"(?:does|do|did) S (?:have|show|contain|exhibit|display|bear) N",
        r"(?:does|do|did|has|have) S [GOA]",
        r"(?:does|do) S (?:need|have) to be [GO]",
        r"(?:has|have|had) S (?:got )?N",
        r"(?:has|have) S been A",
        rf"(?:do|can) (?:you|we|i|one) {_SEES} (?:N|(?:any|some)thing A|A)",
        rf"can (?:i|we|you|one) G{_THING}",
        r"can S be G",
        rf"(?:would|should|shall|must) (?:i|we|you|one) [GO]{_THING}",
        rf"(?:do|would) (?:i|we|you) (?:need|have|want) to [GO]{_THING}",
        r"(?:should|must) S (?:be )?[GO]",
        r"(?:should|would|can) S be (?:considered|classified|judged|called|rated)(?: as| to be)? (?:an? )?[AN]",
        rf"(?:would|do) you (?:call|consider|judge|rate) S (?:as |to be )?{_JUDGED}",
        r"(?:looks? )?A",
        r"(?:got )?N",
        r"(?:any|some)thing A",
        r"S A",
        rf"{_NAME}(?: {_NAME})? A",
        rf"[GO]{_THING}",
    ))
    + rf")(?: (?:(?:with|on|in|at|about|around|near) (?:S|me|us|{_NAME})|here|there|now|today|overall|anywhere"
    r"|somewhere|at all|visible|present|enough|yet|to you|to me|to [GO](?: S)?|in any way|of any kind))*"
)  # fmt: skip
_LEAD = re.compile(
    r"(?:(?:so|and|well|now|ok|okay|hey|hi|hello|echo|please)[\s,]+)*"
    r"(?:(?:(?:can|could|would) you (?:please )?)?(?:tell|say|check|confirm|see|judge|decide)(?: me)?"
    r" (?:whether|if|that)\s|is it (?:true|correct|right|the case) that\s"
    r"|(?:do|would) you (?:think|believe|say)(?: that)?\s)?"
)
_TRAIL = re.compile(r"(?:[\s,]+(?:or not|yes or no|please|true or false)|,\s*(?:right|correct))*[\s?.!:]*$")
_A_PLACE = re.compile(
    r"\b(?:left|right|top|bottom|upper|lower|uppermost|lowermost|leftmost|rightmost|middle|cent(?:re|er|ral)|corners?"
    r"|edges?|sides?|half|halves|quadrants?|ends?|areas?|regions?|zones?|sections?|rims?|borders?|margins?)\b"
)
_PICTURE = r"(?:photo(?:graph)?|picture|image)"
_REWRITTEN = (
    (rf"\b(?:(?:shown |seen |visible )?(?:in|on) )(?:the |this |that )?{_PICTURE}\b", ""),
    (rf"\b(?:the|this|that) {_PICTURE} (show|contain)", r"it \1"),
    (r"\b(you|i|we) spot\b", r"\1 see"),
    (r"^may (i|we)\b", r"can \1"),
)
"""Other ways to say what the forms say."""

_LEFT_OUT = (
    (r"\b([ANGO])(?:(?:,| or| and) (?:an? |any |some )?\1)+\b", r"\1"),
    (
        r"\b(?:still|really|actually|overall|visibly|obviously|clearly|truly|just|all(?= A)|now|indeed|quite|perfectly"
        r"|completely|totally|entirely|fully|absolutely|in any way) (?=.*[ANGO])",
        "",
    ),
    (
        r"\b(?:(?:any|an?|some|visible|obvious|noticeable|apparent|clear|kind of|sort of|signs? of|traces? of"
        r"|evidence of|indications? of|hints? of) )+(?=N\b)",
        "",
    ),
    (rf"\b{PART}\b", "S"),
)
"""What does not change what Yes means, once the words that judge are marked."""


def yes_means(question: str) -> Said | None:
    """Reads what Yes would say of the part as an answer to a question.

    Args:
        question: A question that can be answered with yes or no.

    Returns:
        What Yes says; None where that is not surely understood.
    """
    words, marked = _marked(question)
    said = said_by(words)
    if said is None or words is None or any(word.turned or word.kind == "feature" for word in words):
        return None
    return said if _FORMS.fullmatch(_all_replaced(_LEFT_OUT, marked)) is not None else None


def is_about_a_place(text: str) -> bool:
    """Whether a question, or an option, speaks of one place of the part: what holds of the whole may not hold there."""
    return _A_PLACE.search(_marked(text)[1]) is not None


def _marked(question: str) -> tuple[list[JudgingWord] | None, str]:
    """The words of a question that judge, and its text with their marks in their place."""
    plain = _TRAIL.sub("", in_plain_words(question))
    lead = _LEAD.match(plain)
    plain = marked = _all_replaced(_REWRITTEN, plain[lead.end() if lead is not None else 0 :])
    words = judging_words(plain)
    for word in reversed(words or []):
        marked = f"{marked[: word.start]}{_MARKS.get(word.kind, 'A')}{marked[word.end :]}"
    return words, marked


def _all_replaced(pairs: Sequence[tuple[str, str]], text: str) -> str:
    for pattern, other in pairs:
        text = re.sub(pattern, other, text)
    return " ".join(text.split())
