"""Whether a statement says that a part is normal or that it is defective: ``No, it is damaged``.

Each word that judges counts, and a negation turns the word behind it. Words that contradict each other, a negation of
a negation, and a word that weakens (``hardly fine``) leave it open: what is not surely understood says neither.
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
    r"good to go|ready to (?:go|ship|use)|fit (?:for|to) (?:use|purpose|sale|ship)|all right|as expected"
    r"|as (?:it|they) should(?: be)?"
    r"|in (?:good |perfect |working )*(?:order|shape|condition|spec(?:ification)?|tolerance)"
    r"|within (?:the |its )?(?:spec\w*|tolerances?|limits?)|up to (?:the |our )?(?:standards?|scratch|spec|par)"
    r"|(?:conforms?|meets?)(?: to| with)? (?:the |its |our )?(?:spec\w*|standards?|requirements?)"
    r"|ok|okay|o\.k\.|fine|good|normal|healthy|intact|perfect|acceptable|immaculate|pristine|sound|usable|alright|clean"
    r"|conforming|compliant|satisfactory|shippable|serviceable"
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
NOT = r"not|no|never|none|nothing|neither|nor|cannot|nobody|nowhere"
_WEAK = (
    r"hardly|barely|scarcely|almost|nearly|far from|anything but|less than|no more than|nothing but|rather|instead|too"
    r"|if|unless|could|might|may|maybe|perhaps|possibly|except|apart from|aside from|other than|besides|used to|until"
    r"|supposed|as if|more|less|than|both|either|least|most|only|merely|but|false|untrue|incorrect|opposite|what"
    r"|(?:im)?possible|(?:un)?likely|(?:im)?probable|doubt\w*|den(?:y|ies|ied)|refus\w*|avoid\w*|stop\w*|lack\w*|absence"
    r"|rule\w* out|prevent\w*|pretend\w*|mistake\w*|wise|lie|would be"
)
MAX_LENGTH = 500
"""Characters of a statement that are read; a longer one is not surely understood."""

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
            ("feature", _FEATURES), ("negated", NOT),
            ("alternative", r"or"), ("pause", r"and"),
        )
    )
    + r"|(?P<stop>[,;:.!?])"
)  # fmt: skip
_NORMAL_WORDS = frozenset({"lacking", "good", "on"})
_TURNED_ALREADY = frozenset({"lacking", "badbylack"})
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
class JudgingWord:
    """A word that judges: what kind of word it is, what it says of the part, and where it stands in the text."""

    kind: str
    side: Side
    turned: bool
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
    plain = in_plain_words(text)
    if len(plain) > MAX_LENGTH or re.fullmatch(rf"\W*no (?:{_JUDGING})\W*", plain):
        return Statement(None, None, clear=False)
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
    return _statement(None, plain)


def _statement(particle: bool | None, rest: str) -> Statement:
    if particle is not None and _ECHOED.fullmatch(rest):
        contrary = particle and re.search(r"\bnot\b|\bnone\b", rest) is not None
        return Statement(particle, None, clear=not contrary)
    said = said_by(judging_words(rest))
    return Statement(particle, said, clear=said is not None)


def said_by(words: list[JudgingWord] | None) -> Said | None:
    """What words that judge say together; None where they contradict each other, or there are none."""
    if not words or len({word.side for word in words}) != 1:
        return None
    return Said(words[0].side, typed=all(word.kind in _KINDS_OF_DEFECT for word in words))


def judging_words(text: str) -> list[JudgingWord] | None:
    """The words of a text that judge, each with its side; None where they are not surely understood."""
    words: list[JudgingWord] = []
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
            words.append(JudgingWord(kind, _side(kind, pending), pending, found.start(), found.end()))
            pending, turned = False, pending
    return None if pending else words


def _side(kind: str, turned: bool) -> Side:
    return "normal" if (kind in _NORMAL_WORDS) != turned else "defective"


def in_plain_words(text: str) -> str:
    """Returns a text in small letters, with its contractions written out."""
    plain = " ".join(text.casefold().replace("’", "'").split())
    plain = re.sub(r"\bcan't\b", "can not", plain)
    plain = re.sub(r"\bwon't\b", "will not", plain)
    plain = re.sub(r"n't\b", " not", plain)
    return re.sub(r"\b(it|this|that|there|one|everything|all|anything)'s\b", r"\1 is", plain)
