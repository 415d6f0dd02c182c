"""What a question asks: the kind, by which the router chooses, and within it the intent, by which it is answered.

The kinds are those of MMAD: whether there is a defect (``discrimination``), which (``type``), where (``place``), how
it looks (``look``), what it does or comes from (``effect``), and what concerns the object itself (``object``). The
rules are tried in their order and the first that fits decides, so that anybody can see why.
"""

import re
from dataclasses import dataclass
from typing import Literal

from echo_agent.answers.language import Language, language_of
from echo_agent.answers.polarity import DEFECT, DISPOSED, JUDGED, read_statement
from echo_agent.answers.what_if import limit_in
from echo_agent.state import Question, QuestionKind

Intent = Literal[
    "verdict", "next step", "tolerance", "pieces", "place", "size", "count", "look", "type", "effect", "reasons",
    "comparison", "confidence", "limit", "product", "object", "good look", "help", "courtesy", "unknown",
]  # fmt: skip


@dataclass(frozen=True)
class ClassifiedQuestion:
    """What a question asks.

    Attributes:
        kind: Its kind.
        intent: What of that kind it asks for.
        why: The rule that told it.
        language: What it is written in; of other languages than English nothing is read.
    """

    kind: QuestionKind
    intent: Intent
    why: str
    language: Language = "English"


@dataclass(frozen=True)
class _Rule:
    kind: QuestionKind
    intent: Intent
    why: str
    has: str
    lacks: str = r"(?!)"
    has_too: str = ""

    def fits(self, text: str) -> bool:
        return all(re.search(one, text) for one in (self.has, self.has_too)) and not re.search(
            self.lacks, text
        )


_IS_A_DEFECT = rf"\b{DEFECT}\b"
_DISPOSITION = (
    rf"\b{DISPOSED} (?:it|this|that|the|one|them)\b|\b(?:be|a) {DISPOSED}\b|\bready to\b|\bgood to go\b"
    rf"|\b(?:do|should|can|would|shall|may) (?:i|we|you) {DISPOSED}\b"
    r"|\b(?:throw|sort|pull|hold|send|set|let|keep) .*\b(?:away|out|back|aside|through)\b"
    r"|\bwhat (?:should|shall|do|must|can) (?:i|we) do\b|\bwhat (?:now|next)\b|\bnext step\b"
)
_YES_OR_NO = (
    r"^(?:(?:so|and|please|well|ok|okay)[, ]+)*(?:is|are|was|were|does|do|did|has|have|can|could|would|should|will|may"
    r"|any|anything|something|everything|all)\b"
)
_THE_OBJECT = (
    r"\b(?:object|product|item|part|component|material|surface|background|pattern|packag\w*|label)s?\b"
)
_AREA = r"(?:part|area|region|side|corner|zone|section|quadrant|place|half|end|edge)"
_WHERE = rf"\bwhere(?:abouts)?\b|\blocat\w*|\bposition\w*|\b(?:which|what) {_AREA}\b"
_WHERE_ALONE = (
    r"^(?:and |so )?where(?:abouts)?(?: exactly)?\W*$"
    r"|\bwhere(?:abouts)? (?:is|are|was|were) (?:it|this|that|they)(?: (?:exactly|located|found|seen|visible))*\W*$"
    r"|\bwhere (?:do|can|could) (?:you|i|we) see (?:it|this|that|something|anything)\b|\bwhere .*\blook(?: first)?\W*$"
    rf"|^(?:and |so )?(?:on |in |at )?(?:which|what) {_AREA}(?: of (?:it|the \w+)| is it(?: on| in| at)?)?\W*$"
    rf"|\b(?:which|what) {_AREA}\b.*\b(?:stands out|is it|look|check|hit|affected)\b"
    r"|\bpoint (?:at|to) it\b|\bshow me where\b"
)
_EITHER_PLACE = (
    r"\b(?:left|top|upper|above)\b.* or .*\b(?:right|bottom|lower|below)\b"
    r"|\b(?:right|bottom|lower|below)\b.* or .*\b(?:left|top|upper|above)\b"
)
_SIZE = (
    r"\bhow (?:big|large|long|wide|small|high|deep|much)\b|\b(?:sizes?|lengths?|dimension\w*|extent)\b"
    r"|\b(?:its|the) area\b"
)
_SORT = r"\b(?:type|kind|sort|category|class|name)s?\b|\bclassif\w*|\bcategori[sz]e\w*|\bidentify\b"
_LOOKS = (
    r"\blooks?\b|\bappear\w*|\bdescri\w*|\bcharacteri\w*|\bcolou?rs?\b|\bshapes?\b|\btextures?\b|\bvisible\b|\bvisual\w*"
    r"|\bfeatures?\b"
)
_CAUSE_OR_EFFECT = (
    r"\beffects?\b|\baffect\w*|\bconsequen\w*|\bimpact\w*|\bimplication\w*|\bcaus\w*|\brisk\w*|\bdanger\w*|\bharm\w*"
    r"|\blead to\b|\bresult (?:in|of|from)\b|\bhappen\w*|\bsafe\b|\bsever\w*|\bserious\w*"
    r"|\bhow (?:did|could|might) (?:it|this|that|the)\b|\bcome from\b|\binfluenc\w*|\bhinder\w*|\bcompromis\w*"
)
_PRODUCT = (
    r"\b(?:what|which)(?: kind of| type of| sort of)? (?:product|object|item)\b|\bwhat is the (?:product|object|item)\b"
    r"|\b(?:what|which)(?: kind of)? part (?:is|was) (?:it|this|that)\b"
    r"|\b(?:name|identify|recogni[sz]e) the (?:product|object|item|part)\b"
)
_JUDGEMENT = (
    rf"\b(?:{JUDGED}|pass(?:es|ed)?|fail(?:s|ed)?|verdict|judge?ment|opinion|assessment)\b"
    r"|\bhow (?:is|does|about) (?:it|this|that|the (?:part|object|item|piece|product))\b"
    r"|\bwhat (?:do|would) you (?:think|say|see)\b|\b(?:state|condition|status|quality) (?:of|is)\b"
    r"|\bhow (?:would|do) you (?:rate|judge|classify|assess|grade)\b"
    r"|^\W*(?:the )?(?:status|result|condition|part is)\W*$"
)
_OFFERED_TYPES = _Rule(
    "type", "type", "it offers defect types to choose from",
    rf"{_IS_A_DEFECT}.* or (?:an? |the )?{DEFECT}\b", r"\bany\b|\bfree (?:of|from)\b|\bwithout\b",
)  # fmt: skip
_RULES = (
    _Rule("other", "help", "it asks what can be asked", r"^\W*help\W*$|\bwhat (?:can|could) (?:you|i ask)\b"),
    _Rule(
        "other", "courtesy", "it is a greeting or thanks",
        r"^\W*(?:hello|hi|hey|good (?:morning|day|evening)|thanks?|thank you)(?: \w+){0,2}\W*$",
    ),
    _Rule(
        "object", "good look", "it asks how the normal part looks",
        r"\bwhen normal\b|\bnormally\b|\bnormal \w+ (?:look|carry|have)|\bhow should .{0,40}\blook\b"
        r"|\b(?:what|how) (?:does|should|do) .{0,30}\b(?:good|normal|intact|flawless|perfect)\b.{0,20}\blook\b",
    ),
    _Rule(
        "discrimination", "tolerance", "it asks for the tolerance",
        r"\b(?:toleran\w*|limits?|allow\w*|permit\w*|(?:in|within|out of) (?:the |its )?spec\w*)\b",
    ),
    _Rule(
        "other", "confidence", "it asks how sure the verdict is",
        r"\bhow (?:likely|reliable)\b|\b(?:sure|certain|confiden\w*|probab\w*|p.?value|trust)\b",
    ),
    _Rule(
        "place", "place", "it asks where a defect is",
        _WHERE, has_too=rf"{_IS_A_DEFECT}|\baffected\b|\bstands out\b",
    ),
    _Rule("place", "place", "it asks where, and nothing else", _WHERE_ALONE),
    _Rule(
        "place", "place", "it asks to be shown a defect",
        rf"^(?:please |(?:can|could) you )*(?:show|point)\b.*{_IS_A_DEFECT}",
    ),
    _Rule("place", "place", "it offers places to choose from", _EITHER_PLACE),
    _Rule(
        "look", "count", "it asks how many defects there are",
        rf"\bhow many (?:\w+ )?(?:areas?|regions?|(?!holes?\b|chips?\b){DEFECT})\b",
    ),
    _Rule(
        "discrimination", "pieces", "it asks whether all of it is there",
        r"\b(?:complete|missing|checklist)\b|\b(?:all|every) (?:the )?\w+(?: \w+)? (?:there|present|in place)\b",
    ),
    _Rule("object", "pieces", "it asks how many pieces there are", r"\bhow many\b|\bnumber of\b"),
    _Rule("look", "size", "it asks how large the defect is", _SIZE, rf"{_THE_OBJECT}(?!.*{_IS_A_DEFECT})"),
    _Rule(
        "effect", "reasons", "it asks for the reasons",
        r"\b(?:why|reasons?|explain|evidence|how come|how do you know)\b", r"\bthere (?:any )?evidence of\b",
    ),
    _Rule("effect", "effect", "it asks for cause or effect", _CAUSE_OR_EFFECT),
    _Rule("object", "product", "it asks which product it is", _PRODUCT, _IS_A_DEFECT),
    _Rule(
        "type", "type", "it asks which defect it is",
        rf"\b(?:which|what) (?:(?!is\b|are\b|was\b)\w+ )?{DEFECT}\b|\bwhat(?:'s| is| was| went) (?:wrong|off|amiss)\b",
    ),
    _Rule(
        "type", "type", "it asks for the kind of defect",
        _SORT, has_too=rf"{_IS_A_DEFECT}|\b(?:kind|type|sort) is (?:it|this)\b",
    ),
    _OFFERED_TYPES,
    _Rule(
        "other", "comparison", "it asks for the comparison with the references",
        r"\b(?:compar\w*|references?|differ\w*|similar\w*|unlike)\b",
    ),
    _Rule(
        "look", "look", "it asks how a defect looks",
        _LOOKS, rf"{_YES_OR_NO}|\bscrews?|\bpieces?\b.*\bmissing\b", has_too=_IS_A_DEFECT,
    ),
    _Rule("discrimination", "next step", "it asks what to do with the part", _DISPOSITION, r"\bwhat (?:does|is|are)\b"),
    _Rule(
        "discrimination", "verdict", "it offers judgements to choose from",
        rf"\b(?:{DISPOSED}|{JUDGED})\b.* or (?:not|{DISPOSED}|{JUDGED})\b",
    ),
    _Rule(
        "discrimination", "verdict", "it asks whether there is a defect",
        _IS_A_DEFECT, has_too=rf"{_YES_OR_NO}|\bany\b|\bwhether\b|\bif\b",
    ),
    _Rule(
        "discrimination", "verdict", "it asks for a judgement",
        _JUDGEMENT, r"\bwhat does\b.*\blook\b|\b(?:colou?r|made)\b",
    ),
    _Rule(
        "discrimination", "verdict", "it asks for an inspection",
        r"^(?:please )?(?:inspect|check|examine|judge|test|assess|evaluate)\b|\binspection\b",
    ),
    _Rule(
        "object", "object", "it asks about the object",
        rf"{_THE_OBJECT}|\b(?:function|purpose)s?\b|\bmade of\b|\bcolou?rs?\b|\bshapes?\b|\btextures?\b"
        r"|\bwhat (?:is|are|does|do|should)\b",
        _YES_OR_NO + r"(?!.*\b(?:object|product|part|label|made of)\b)",
    ),
    _Rule("discrimination", "verdict", "it names a defect", rf"^\W*(?:an? |the )?{DEFECT}\W*$"),
)  # fmt: skip
_SURE = re.compile(r"(?:%|percent)\s*(?:sure|certain|confident|likely)\b")
_OF_ANOTHER = re.compile(
    r"\b(?:previous|preceding|next|last|other|another|second|neighbou?ring) (?:part|one|piece|unit|object|item|product"
    r"|image|photo\w*|picture|sample)s?\b|^(?:is|are|was|were|does) (?:the |this |that |my )?(?:references?"
    r"|templates?|photo\w*|picture|camera|light\w*|weather|operator|machine|model|question)\b(?! (?:show|contain))"
    r"|\bare you (?:ok|okay|fine|good|well)\b"
)
MAX_LENGTH = 500
"""Characters of a question that are read; a longer one is not surely understood."""

WHICH_HOLDS = (
    r"(?:.*\b(?:which|what) (?:one|of (?:these|the following)|statement|description|option|answer)(?: statements?)?"
    r" (?:is (?:true|right|correct)|are true|applies|holds|fits|describes (?:it|the part)|matches)"
    r"|(?:please )?(?:choose|pick|select|decide)(?: one)?)?\W*"
)
"""Questions that say nothing but that one of the options is to be chosen."""


def classify(question: Question) -> ClassifiedQuestion:
    """Tells what a question asks, by its words.

    Args:
        question: The question; its options count where its text says nothing.

    Returns:
        Kind and intent, ``other`` and ``unknown`` where no rule fits and for other languages than English.
    """
    plain = " ".join(question.text.casefold().replace("’", "'").split())
    language = language_of(question.text)
    if language != "English":
        return ClassifiedQuestion("other", "unknown", "it is not in English", language)
    if limit_in(plain) is not None and not _SURE.search(plain):
        return ClassifiedQuestion("other", "limit", "it supposes a limit")
    if len(plain) > MAX_LENGTH or _OF_ANOTHER.search(plain):
        why = (
            "about something else than the part" if len(plain) <= MAX_LENGTH else "too long to be understood"
        )
        return ClassifiedQuestion("other", "unknown", f"it is {why}")
    by_yes_or_no = any(read_statement(option).particle is not None for option in question.options.values())
    for sentence in dict.fromkeys((last_sentence(plain), plain)):
        for rule in _RULES:
            if rule.fits(sentence) and not (by_yes_or_no and rule is _OFFERED_TYPES):
                return ClassifiedQuestion(rule.kind, rule.intent, rule.why)
    if re.fullmatch(WHICH_HOLDS, plain) and _all_judge(question.options):
        return ClassifiedQuestion("discrimination", "verdict", "its options are judgements")
    return ClassifiedQuestion("other", "unknown", "its words fit no kind of question")


def last_sentence(text: str) -> str:
    """Returns what is asked behind an introduction, such as that there is a defect."""
    sentences = [part.strip() for part in re.split(r"(?<=[.?!])\s+", text) if part.strip()]
    return sentences[-1] if sentences else text


def _all_judge(options: dict[str, str]) -> bool:
    return bool(options) and all(read_statement(option).said is not None for option in options.values())


_OPTION = re.compile(r"(?:^|(?<=[\s,;?.]))\(?([A-Ha-h])[).:]\s+")


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
