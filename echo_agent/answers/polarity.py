"""Whether words say that a part is normal or that it is defective; what is not surely understood says neither.

Two things are read: a statement, such as an option (``No, it is damaged``), and what Yes means as the answer to a
question (``Is it free of defects?``). In both each word that judges counts, and a negation turns the word behind it.
Words that contradict each other, a negation of a negation, a word that weakens (``hardly fine``), and a question about
something else than the part (``Is the reference fine?``) leave it open.
"""

import re
from dataclasses import dataclass
from typing import Literal

Side = Literal["normal", "defective"]

_NAMES = (
    r"defects?|anomal(?:y|ies)|flaws?|faults?|damages?|blemish(?:es)?|irregularit(?:y|ies)|imperfections?|deviations?"
    r"|problems?|issues?|abnormalit(?:y|ies)|failures?|deficienc(?:y|ies)|trouble"
)
_HARM = (
    r"cracks?|scratch(?:es)?|dents?|stains?|breakage|contamination|discolou?rations?|scuffs?|dings?|nicks?|burrs?"
    r"|rust|corrosion"
)
_FEATURES = r"(?:blow)?holes?|chips?|breaks?|tears?|spots?|pits?|pores?|spotted|bent|missing"
"""What harms one part is a part of another's design."""

_TYPES = rf"{_HARM}|{_FEATURES}"
_LACKING = (
    rf"(?:free (?:of|from)|devoid of|without) (?:(?:any|all|visible|obvious|a|an) )*(?:{_NAMES}|{_TYPES})"
    rf"(?:,? (?:or|and) (?:{_NAMES}|{_TYPES}))*"
    rf"|(?:{_NAMES}|{_TYPES})[- ]free"
    r"|un(?:damaged|blemished|harmed|broken|flawed|scathed|scratched|cracked)|(?:flaw|fault|spot|blemish)less"
)
_GOOD = (
    r"ok|okay|o\.k\.|fine|good|normal|healthy|intact|perfect|acceptable|immaculate|pristine|sound|usable|alright"
    r"|all right|clean|conforming|compliant|satisfactory|shippable|serviceable|as (?:it|they) should(?: be)?"
    r"|as expected"
    r"|in (?:good |perfect |working )*(?:order|shape|condition|spec(?:ification)?|tolerance)"
    r"|within (?:the |its )?(?:spec\w*|tolerances?|limits?)|up to (?:standard|scratch|spec|par)"
    r"|good to go|ready to (?:go|ship|use)|fit (?:for|to) (?:use|purpose|sale|ship)"
)
_BAD = (
    r"defective|faulty|flawed|damaged|anomalous|bad|spoil(?:ed|t)|ruined|compromised|impaired|wrong|amiss|nok|ng|poor"
    r"|out of (?:spec(?:ification)?|tolerance|order|shape)"
    r"|(?:any|some)thing (?:looks? |is |that is |seems )?(?:off|odd|unusual|strange|weird|suspicious)"
)
_BAD_BY_LACK = r"abnormal|imperfect|unacceptable|unusable|irregular|non-?conforming|substandard|unsound|unfit"
_BROKEN = (
    r"cracked|scratched|dented|stained|chipped|broken|torn|contaminated|discolou?red|frayed|misplaced|scuffed|nicked"
    r"|rusty|corroded|worn|warped|deformed|incomplete"
)
_ON = (
    r"ship(?:ped)?|pass(?:es|ed)?|accept(?:ed)?|approved?|released?|used?|sell|sold|keep|kept|deliver(?:ed)?"
    r"|sen[dt] (?:it |this |them )?(?:out|on)|let (?:it |this |them )?(?:through|pass|go)|go(?:es)? (?:out|through|on)"
)
_OUT = (
    r"reject(?:ed)?|scrap(?:ped)?|discard(?:ed)?|bin(?:ned)?|toss(?:ed)?|rework(?:ed)?|repair(?:ed)?|quarantined?"
    r"|fail(?:s|ed)?|(?:thrown?|sort|sorted|pulled?|taken?) (?:it |this |them )?(?:away|out)"
    r"|(?:hold|held|kept|keep|send|sent) (?:it |this |them )?back|set (?:it |this |them )?aside"
)
_NOT = r"not|no|never|none|nothing|neither|nor|cannot|nobody|nowhere"
_WEAK = (
    r"hardly|barely|scarcely|almost|nearly|far from|anything but|less than|no more than|nothing but|rather|instead|too"
    r"|if|unless|could|might|may|maybe|perhaps|possibly|except|apart from|aside from|other than|besides|used to|until"
    r"|supposed|as if|more|less|than|both|either|least|most|only|merely|but|false|untrue|incorrect|opposite|what"
)
DEFECT = rf"(?:{_NAMES}|{_TYPES}|{_BAD}|{_BROKEN}|{_BAD_BY_LACK})"
"""Words that name a defect, or call a part defective."""

JUDGED = rf"(?:{_LACKING}|{_GOOD}|{_BAD}|{_BAD_BY_LACK})"
"""Words that judge a part."""

DISPOSED = rf"(?:{_ON}|{_OUT})"
"""Words for what becomes of a part that was judged."""

_WORDS = re.compile(
    "|".join(
        rf"(?P<{name}>(?<![\w-])(?:{pattern})(?![\w-]))"
        for name, pattern in (
            ("lacking", _LACKING), ("weak", _WEAK), ("bad", _BAD), ("out", _OUT), ("good", _GOOD), ("on", _ON),
            ("badbylack", _BAD_BY_LACK), ("named", _NAMES), ("typed", _HARM), ("broken", _BROKEN),
            ("feature", _FEATURES), ("negated", _NOT),
            ("alternative", r"or"), ("pause", r"and"),
        )
    )
    + r"|(?P<stop>[,;:.!?])"
)  # fmt: skip
_NORMAL_WORDS = frozenset({"lacking", "good", "on"})
_TURNED_ALREADY = frozenset({"lacking", "badbylack"})
_NOUNS = frozenset({"named", "typed"})
_DISPOSITIONS = frozenset({"on", "out"})
_KINDS_OF_DEFECT = frozenset({"typed", "broken", "feature"})


@dataclass(frozen=True)
class Said:
    """What words say of a part.

    Attributes:
        side: ``normal`` or ``defective``.
        typed: Whether they name a kind of defect, such as a scratch, which is more than that there is one.
    """

    side: Side
    typed: bool = False


@dataclass(frozen=True)
class Statement:
    """An option as it reads.

    Attributes:
        particle: Its ``yes`` (True) or ``no`` (False); None where it begins with neither.
        said: What its own words say of the part; None where they say nothing of it.
        clear: Whether all of it was understood.
    """

    particle: bool | None
    said: Said | None
    clear: bool


@dataclass(frozen=True)
class _Word:
    kind: str
    side: Side
    start: int
    end: int


_YES_OR_NO = re.compile(
    r"\W*(?:(?P<no>no way|by no means|not at all|(?:certainly|definitely|absolutely|of course) not|no|nope|false)"
    r"|(?P<yes>yes|yep|yeah|true|sure|certainly|definitely|absolutely|of course))\b[\s,;:.!-]*"
)
_REPEATED = re.compile(
    r"\W*(?:it|this|that|they|there|i|we) (?:is|are|does|do|has|have|looks|would|can|should)(?P<no> not)?\W*"
)
"""An answer that repeats the question's verb: ``it is``, ``it does not``."""

_AS_A_PARTICLE = re.compile(
    r"\W*(?:no|nope|false)\b\s*(?:$|[,;:.!-]|(?:it|there|this|that|the|they|a|an|i|we|all|everything|not|you)\b)"
)
_ECHOED = re.compile(
    r"(?:(?:it|this|that|they|there|i|we|you) (?:is|are|was|does|do|has|have|can|should|would)|not at all|at all"
    r"|definitely|certainly|absolutely|of course|surely|not|none|\W)*"
)
_JUDGING = r"defective|faulty|flawed|damaged|bad|wrong|ok|okay|fine|normal|broken|cracked|scratched"


def read_statement(text: str) -> Statement:
    """Reads what an option says of the part.

    Args:
        text: The option's text, such as ``No, it is damaged``.
    """
    plain = _plain(text)
    repeated = _REPEATED.fullmatch(plain)
    if repeated is not None:
        return Statement(repeated.group("no") is None, None, clear=True)
    found = _YES_OR_NO.match(plain)
    if found is None:
        return _statement(None, plain)
    if found.group("yes"):
        return _statement(True, plain[found.end() :])
    if found.group("no") not in {"no", "nope", "false"} or _AS_A_PARTICLE.match(plain):
        return _statement(False, plain[found.end() :])
    if re.fullmatch(rf"\W*no (?:{_JUDGING})\W*", plain):
        return Statement(None, None, clear=False)
    return _statement(None, plain)


def _statement(particle: bool | None, rest: str) -> Statement:
    if particle is not None and _ECHOED.fullmatch(rest):
        contrary = particle and re.search(r"\bnot\b|\bnone\b", rest) is not None
        return Statement(particle, None, clear=not contrary)
    said = _said(_turned(rest))
    return Statement(particle, said, clear=said is not None)


def _said(words: list[_Word] | None) -> Said | None:
    if not words or len({word.side for word in words}) != 1:
        return None
    return Said(words[0].side, typed=all(word.kind in _KINDS_OF_DEFECT for word in words))


def _turned(text: str) -> list[_Word] | None:
    """The words that judge, each with its side; None where they are not surely understood."""
    words: list[_Word] = []
    pending = turned = False
    for found in _WORDS.finditer(text):
        kind = str(found.lastgroup)
        if kind == "weak" or (kind == "negated" and pending):
            return None
        if kind == "negated":
            pending = True
        elif kind in {"stop", "pause"}:
            if pending:
                return None
            turned = False
        elif kind == "alternative":
            pending = turned
        else:
            if pending and kind in _TURNED_ALREADY:
                return None
            words.append(_Word(kind, _side(kind, pending), found.start(), found.end()))
            pending, turned = False, pending
    return None if pending else words


def _side(kind: str, turned: bool) -> Side:
    return "normal" if (kind in _NORMAL_WORDS) != turned else "defective"


_LEAD = re.compile(
    r"(?:(?:so|and|well|now|ok|okay|hey|hi|hello|echo|please)[\s,]+)*"
    r"(?:(?:(?:can|could|would) you (?:please )?)?(?:tell|say|check|confirm|see|judge|decide)(?: me)? (?:whether|if)\s"
    r"|(?:do|would) you (?:think|believe|reckon|say)(?: that)?\s|(?:would|do) you (?:call|consider)\s)?"
)
_TRAIL = re.compile(
    r"(?:[\s,]+(?:or not|yes or no|please|true or false|today|now|then|to you|or what)|,\s*right)*[\s?.!]*$"
)
_AUXILIARY = r"is|are|was|were|does|do|did|has|have|had|can|could|would|should|will|shall|may|must"
_BEGINS = re.compile(
    rf"(?:{_AUXILIARY}|it|it's|this|that|these|those|they|the|any|anything|something|everything|all|there|still|my|our"
    r"|your|a|an|looks?|got|see|[\w-]+(?: [\w-]+){0,2}$)\b"
)
_OF_ANOTHER = re.compile(
    r"\b(?:references?|templates?|photo(?:graph)?s?|pictures?|images?|camera|light(?:ing)?|focus|weather|operators?"
    r"|machine|model|questions?|answers?|card|threshold|customers?|supplier|batch|lot|shift|rest|previous|preceding"
    r"|next|last|earlier|yesterday|tomorrow|other|others|another|neighbou?r\w*|usually|always|often|ever|sometimes|when|who"
    r"|which|how|why|where|whose|as|same|many|much|better|worse|become|becomes|get|gets|i am"
    r"|am i|are you|are we|you have|you feel)\b"
)
_AROUND = re.compile(
    r"\b(?:(?:shown |seen |visible )?(?:in|on|from) )(?:the |this |that |my )?(?:photo(?:graph)?|picture|image)\b"
)
_BEFORE_A_NOUN = re.compile(
    r"(?:^|\b(?:any|a|an|some|one|of|visible|obvious|apparent|noticeable|clear|small|big|large|surface|there|is|are|has|have"
    r"|had|show|shows|see|with|contain|contains|find|notice|detect|spot|got|and|or|be|real|serious|single|,))\s*$"
)
_GOES_ON = re.compile(
    r"^(?:$|[\s,]*(?:to|for|enough|now|or|and|in|on|at|overall|here|with|by|yet|anyway|still|today|again|like|it|this|that"
    r"|them|the|be|about|visible|present|there|somewhere|anywhere|from|of|one|around|under|near|a|any|off|these)\b)"
)
_OPINION = r"\b(?:considered|classified|judged|called|treated|regarded|deemed|rated)\b"
_MODAL = re.compile(r"(?:can|could|would|should|will|shall|may|must)\b")
_DISPOSES = re.compile(
    r"(?:can|could|would|should|shall|may|must|will|does|did|has|have|okay|ok|is|are"
    r"|(?:do|does) \w+ (?:need|have) to)\b|ship|pass|scrap|reject|use"
)


def yes_means(question: str) -> Said | None:
    """Reads what Yes would say of the part as an answer to a question.

    Args:
        question: A question that can be answered with yes or no.

    Returns:
        What Yes says; None where that is not surely understood: a negated question is not, since Yes and No are
        used in both ways as its answer.
    """
    plain = _TRAIL.sub("", _plain(question)).strip()
    plain = plain[_LEAD.match(plain).end() :] if _LEAD.match(plain) else plain  # type: ignore[union-attr]
    plain = _AROUND.sub("", plain).strip()
    if not plain or not _BEGINS.match(plain) or _OF_ANOTHER.search(plain):
        return None
    if re.search(rf"(?<![\w-])(?:{_NOT})(?![\w-])", plain):
        return None
    words = _turned(plain)
    said = _said(words)
    if said is None or words is None or not all(_stands_well(word, plain) for word in words):
        return None
    if len(plain[: words[0].start].split()) > 8:
        return None
    return said if _asks_of_the_part(plain, words) else None


def _stands_well(word: _Word, text: str) -> bool:
    """Whether a word judges the part, and does not merely name a thing that is spoken of (``the dent``)."""
    before, after = text[: word.start].rstrip(), text[word.end :]
    if word.kind == "feature":
        return False
    if word.kind in _NOUNS:
        return _BEFORE_A_NOUN.search(before) is not None
    if re.search(r"\b(?:a|an)$", before):
        return True
    return _GOES_ON.match(after.lstrip()) is not None


def _asks_of_the_part(text: str, words: list[_Word]) -> bool:
    """Whether it asks what the part is, or what is to be done with it, and not what it may or will be."""
    if _MODAL.match(text) and not re.search(_OPINION, text):
        return (
            any(word.kind in _DISPOSITIONS for word in words)
            or re.match(r"can (?:you|i|we|one) (?:see|find|notice|detect|spot)", text) is not None
        )
    if any(word.kind in _DISPOSITIONS for word in words):
        return _DISPOSES.match(text) is not None
    return True


def _plain(text: str) -> str:
    plain = " ".join(text.casefold().replace("’", "'").split())
    plain = re.sub(r"\bcan't\b", "can not", plain)
    plain = re.sub(r"\bwon't\b", "will not", plain)
    plain = re.sub(r"n't\b", " not", plain)
    return re.sub(r"\b(it|this|that|there|one|everything|all|anything)'s\b", r"\1 is", plain)
