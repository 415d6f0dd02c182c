"""What Yes means as the answer to a question about a part: ``Is it free of defects?``.

A question is surely understood where it is built, from its first word to its last, in one of the forms below; the only
words in it that need not be known are those that name the part. A negated question is in none of them, since Yes and
No are used in both ways as its answer.
"""

import re

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
    rf"(?:it|this|that|these|those|they|everything|all(?: of it)?|(?:the|this|that|these|those|my|our|every|each)"
    rf" (?:{_NAME}(?: {_NAME}){{0,2}}|one)(?: here)?)"
)
"""The part, or a thing of it, as a question names it."""

_ADVERB = (
    r"(?:(?:still|really|actually|overall|visibly|obviously|clearly|truly|just|all|now|indeed|quite|perfectly|completely"
    r"|totally|entirely|fully|absolutely|in any way) )*"
)
_SOME = (
    r"(?:(?:any|a|an|some|visible|obvious|noticeable|apparent|clear|kind of|sort of|signs? of|traces? of|evidence of"
    r"|indications? of|hints? of) )*"
)
_JUDGED = rf"{_ADVERB}(?:an? A(?: (?:one|{_NAME}))?|A|{_SOME}N|an? [GO])"
_PLACE = rf"(?:with|on|in|at|about|around|near) (?:{PART}|me|us|{_NAME})"
_AFTER = (
    rf"(?: (?:{_PLACE}|here|there|now|today|overall|anywhere|somewhere|at all|visible|present|enough|yet|to you|to me"
    rf"|to [GO](?: it| this)?|in any way|of any kind))*"
)
_BE = r"(?:is|are|was|were|looks?|seems?|appears?)(?: to be)?"
_SEES = r"(?:see|find|notice|detect|recogni[sz]e|make out|identify)"
_HAS = r"(?:has|have|had|shows?|contains?|exhibits?|displays?|bears?)(?: got)?"
_THING = rf"(?: (?:it|them|{PART}))?"
_SAID = "|".join(
    (
        rf"{PART} {_BE} {_JUDGED}",
        rf"{PART} {_HAS} {_SOME}N",
        rf"{PART} (?:has|have) been {_ADVERB}A",
        rf"there (?:is|are) (?:{_SOME}N|(?:any|some)thing A|A)",
        rf"{PART} (?:can|should|must|has to|needs to) be (?:G|O)",
        rf"(?:i|we|you) (?:see|find|notice) {_SOME}N",
    )
)
_ASKED = (
    rf"(?:is|are|was|were) {PART} (?:to be )?{_JUDGED}",
    rf"(?:is|are|was|were) {PART} (?:to be )?(?:G|O)",
    rf"(?:is|are) (?:any|some)thing {_ADVERB}A",
    rf"(?:is|are|was|were) there (?:{_SOME}N|(?:any|some)thing A|A)",
    rf"(?:is|are) (?:{_SOME}N|A)",
    rf"(?:does|do|did) {PART} (?:look|seem|appear)(?: to be| like)? {_JUDGED}",
    rf"(?:does|do|did) {PART} (?:have|show|contain|exhibit|display|bear) {_SOME}N",
    rf"(?:does|do|did|has|have) {PART} (?:G|O|A)",
    rf"(?:does|do) {PART} (?:need|have) to be (?:G|O)",
    rf"(?:has|have|had) {PART} (?:got )?{_SOME}N",
    rf"(?:has|have) {PART} been {_ADVERB}A",
    rf"(?:do|can) (?:you|we|i|one) {_SEES} (?:{_SOME}N|(?:any|some)thing A|A)",
    rf"can (?:i|we|you|one) G{_THING}",
    rf"can {PART} be G",
    rf"(?:would|should|shall|must) (?:i|we|you|one) (?:G|O){_THING}",
    rf"(?:do|would) (?:i|we|you) (?:need|have|want) to (?:G|O){_THING}",
    rf"(?:should|must) {PART} (?:be )?(?:G|O)",
    rf"(?:should|would|can) {PART} be (?:considered|classified|judged|called|rated)(?: as| to be)? (?:an? )?(?:A|N)",
    rf"(?:would|do) you (?:call|consider|judge|rate) {PART} (?:as |to be )?{_JUDGED}",
    rf"(?:looks? )?{_ADVERB}A",
    rf"(?:got )?{_SOME}N",
    r"(?:any|some)thing A",
    rf"{PART} {_ADVERB}A",
    rf"{_NAME}(?: {_NAME})? A",
    rf"(?:G|O){_THING}",
    rf"(?:is it (?:true|correct|right|the case) that|(?:do|would) you (?:think|believe|say)(?: that)?) (?:{_SAID})",
    _SAID,
)
_FORMS = re.compile("|".join(f"(?:{form}){_AFTER}" for form in _ASKED))
_LEAD = re.compile(
    r"(?:(?:so|and|well|now|ok|okay|hey|hi|hello|echo|please)[\s,]+)*"
    r"(?:(?:(?:can|could|would) you (?:please )?)?(?:tell|say|check|confirm|see|judge|decide)(?: me)?"
    r" (?:whether|if|that)\s)?"
)
_TRAIL = re.compile(r"(?:[\s,]+(?:or not|yes or no|please|true or false)|,\s*(?:right|correct))*[\s?.!:]*$")
_SAME_SIDE = re.compile(r"\b([ANGO])(?:(?:,| or| and) (?:an? |any |some )?\1)+\b")
_OF_THE_PICTURE = re.compile(
    r"\b(?:(?:shown |seen |visible )?(?:in|on) )(?:the |this |that )?(?:photo(?:graph)?|picture|image)\b"
)
_THE_PICTURE_SHOWS = re.compile(r"\b(?:the|this|that) (?:photo(?:graph)?|picture|image) (show|contain)")


def yes_means(question: str) -> Said | None:
    """Reads what Yes would say of the part as an answer to a question.

    Args:
        question: A question that can be answered with yes or no.

    Returns:
        What Yes says; None where that is not surely understood.
    """
    plain = _TRAIL.sub("", in_plain_words(question))
    lead = _LEAD.match(plain)
    plain = plain[lead.end() if lead is not None else 0 :]
    plain = _THE_PICTURE_SHOWS.sub(r"it \1", _OF_THE_PICTURE.sub("", plain))
    plain = " ".join(
        re.sub(r"^may (i|we)\b", r"can \1", re.sub(r"\b(you|i|we) spot\b", r"\1 see", plain)).split()
    )
    words = judging_words(plain)
    said = said_by(words)
    if said is None or words is None or any(word.turned or word.kind == "feature" for word in words):
        return None
    return said if _FORMS.fullmatch(_marked(plain, words)) is not None else None


def _marked(text: str, words: list[JudgingWord]) -> str:
    """The text with each word that judges replaced by its mark, and such of a side joined by "or" by one of them."""
    for word in reversed(words):
        text = f"{text[: word.start]}{_MARKS.get(word.kind, 'A')}{text[word.end :]}"
    return _SAME_SIDE.sub(r"\1", text)
