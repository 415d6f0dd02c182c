"""The kind of a question, told by its words.

The kinds are those of MMAD: whether there is a defect (``discrimination``), which (``type``), where
(``place``), how it looks (``look``), what it does or comes from (``effect``), and what concerns the object
itself (``object``). The rules are tried in their order and the first that fits decides, so that anybody can see
why.
"""

import re
from dataclasses import dataclass

from echo_agent.state import QuestionKind

_DEFECT = (
    r"(?:defect\w*|anomal\w*|flaw\w*|fault\w*|damage\w*|blemish\w*|irregularit\w*|imperfection\w*|deviat\w*|problem\w*"
    r"|issue\w*|crack\w*|scratch\w*|dent(?:s|ed)?|stain\w*|hole\w*|blowhole\w*|chip(?:s|ped)?|break(?:s|age)?|broken"
    r"|tear\w*|torn|missing|bent|contaminat\w*|discolou?r\w*|fray\w*|misplaced|wrong|abnormal\w*|spot(?:s|ted)?)"
)
_JUDGED = (
    r"(?:ok|okay|good|fine|normal|healthy|intact|flawless|perfect|acceptable|accepted|allowed|conform\w*|usable|bad"
    r"|pass\w*|reject\w*|scrap\w*|within tolerance|in spec\w*|up to standard)"
)
_YES_OR_NO = r"^(?:so |and |please )?(?:is|are|was|were|does|do|did|has|have|can|could|would|should|will)\b"


@dataclass(frozen=True)
class KindOfQuestion:
    """A question's kind and the rule that told it."""

    kind: QuestionKind
    why: str


@dataclass(frozen=True)
class _Rule:
    kind: QuestionKind
    why: str
    all_of: tuple[str, ...]
    none_of: tuple[str, ...] = ()

    def fits(self, text: str) -> bool:
        return all(re.search(pattern, text) for pattern in self.all_of) and not any(
            re.search(pattern, text) for pattern in self.none_of
        )


_WHERE = (
    r"\bwhere\b|\bwhereabouts\b|\blocat\w*|\bposition\w*"
    r"|\b(?:which|what) (?:part|area|region|side|corner|zone|section|quadrant|place|half)\b"
)
_CAUSE_OR_EFFECT = (
    r"\beffects?\b|\baffect\w*|\bconsequen\w*|\bimpact\w*|\bimplication\w*|\bcaus\w*|\bwhy\b"
    r"|\breason\w*|\brisk\w*|\bdanger\w*|\bharm\w*|\blead to\b|\bresult (?:in|of|from)\b|\bhappen\w*|\bsafe\b"
    r"|\bsever\w*|\bserious\w*|\bhow (?:did|could|might) (?:it|this|that|the)\b|\bcome from\b|\binfluenc\w*"
    r"|\bhinder\w*|\bcompromis\w*"
)
_SORT = r"\b(?:type|kind|sort|category|class|name)s?\b|\bclassif\w*|\bcategori[sz]e\w*|\bidentify\b"
_WHICH = rf"\b(?:which|what) (?:\w+ )?{_DEFECT}\b|\bwhat(?:'s| is| was| went) wrong\b"
_LOOKS = (
    r"\blooks?\b|\bappear\w*|\bdescri\w*|\bcharacteri\w*|\bcolou?rs?\b|\bshapes?\b|\btextures?\b|\bhow many\b"
    r"|\bhow (?:big|large|long|wide|deep|small)\b|\bsizes?\b|\bvisible\b|\bvisual\w*|\bextent\b|\bfeatures?\b"
)
_OBJECT = (
    r"\b(?:object|product|item|part|component|material|surface|background|pattern|packag\w*|label)s?\b"
    r"|\b(?:function|purpose)s?\b|\bhow many\b|\bmade of\b|\bcolou?rs?\b|\bshapes?\b|\btextures?\b"
    r"|\bwhat (?:is|are)\b|\bwhat (?:does|do|should)\b"
)

_RULES = (
    _Rule(
        "object",
        "it asks how the normal part looks",
        (r"\bwhen normal\b|\bnormally\b|\bnormal \w+ (?:look|carry|have)",),
    ),
    _Rule(
        "place",
        "it asks where a defect is",
        (_WHERE, rf"\b{_DEFECT}\b|\bwhere (?:is|are|was) (?:it|this|that|they)\b"),
    ),
    _Rule("place", "it asks where, and nothing else", (r"^(?:and |so )?where(?:abouts)?(?: exactly)?\W*$",)),
    _Rule("effect", "it asks for cause or effect", (_CAUSE_OR_EFFECT,)),
    _Rule("type", "it asks which defect it is", (_WHICH,)),
    _Rule("type", "it asks for the kind of defect", (_SORT, rf"\b{_DEFECT}\b")),
    _Rule(
        "type", "it offers defect types to choose from", (rf"\b{_DEFECT}\b.* or (?:an? |the )?{_DEFECT}\b",)
    ),
    _Rule(
        "look",
        "it asks how a defect looks",
        (_LOOKS, rf"\b{_DEFECT}\b"),
        (_YES_OR_NO, r"\bscrews?|\bpieces?\b.*\bmissing\b"),
    ),
    _Rule(
        "discrimination",
        "it asks whether there is a defect",
        (rf"\b{_DEFECT}\b", rf"{_YES_OR_NO}|\bany\b|\bwhether\b|\bif\b"),
    ),
    _Rule("discrimination", "it asks for a judgement", (rf"\b{_JUDGED}\b",), (r"\bwhat does\b.*\blook\b",)),
    _Rule(
        "discrimination",
        "it asks for an inspection",
        (r"^(?:please )?(?:inspect|check|examine|judge|test)\b|\binspection\b",),
    ),
    _Rule(
        "object",
        "it asks about the object",
        (_OBJECT,),
        (_YES_OR_NO + r"(?!.*\b(?:object|product|part|label|made of)\b)",),
    ),
    _Rule("discrimination", "it names a defect", (rf"^\W*(?:an? |the )?{_DEFECT}\W*$",)),
)


def kind_of_question(text: str) -> KindOfQuestion:
    """Tells the kind of a question in English by its words.

    Args:
        text: The question without its options.

    Returns:
        The kind, ``other`` where no rule fits, and what told it.
    """
    plain = " ".join(text.casefold().replace("’", "'").split())
    asked = _last_sentence(plain)
    for sentence in dict.fromkeys((asked, plain)):
        for rule in _RULES:
            if rule.fits(sentence):
                return KindOfQuestion(rule.kind, rule.why)
    return KindOfQuestion("other", "its words fit no kind of question")


def _last_sentence(text: str) -> str:
    """Returns what is asked behind an introduction such as that there is a defect."""
    sentences = [part.strip() for part in re.split(r"(?<=[.?!])\s+", text) if part.strip()]
    return sentences[-1] if sentences else text
