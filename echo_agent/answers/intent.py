"""What a question in a conversation asks for, told by its words."""

import re
from typing import Literal

Intent = Literal[
    "limit",
    "tolerance",
    "size",
    "place",
    "comparison",
    "confidence",
    "reasons",
    "pieces",
    "count",
    "type",
    "effect",
    "next step",
    "product",
    "good look",
    "verdict",
    "help",
    "courtesy",
    "unknown",
]

_RULES: tuple[tuple[Intent, str], ...] = (
    ("help", r"^\W*help\W*$|\bwhat (?:can|could) (?:you|i ask)\b"),
    ("courtesy", r"^\W*(?:hello|hi|hey|good (?:morning|day|evening)|thanks?|thank you)(?: \w+){0,2}\W*$"),
    ("tolerance", r"\b(?:toleran\w*|limits?|allow\w*|permit\w*|in spec\w*|within spec\w*)\b"),
    (
        "confidence",
        r"\bhow (?:likely|reliable)\b|\b(?:sure|certain|confiden\w*|probab\w*|p.?value|trust)\b",
    ),
    (
        "size",
        r"\bhow (?:big|large|long|wide|small|high|much)\b|\b(?:sizes?|area|lengths?|dimension\w*|extent)\b",
    ),
    (
        "product",
        r"\b(?:what|which) (?:product|object|item)\b|\b(?:what|which)(?: kind of)? part (?:is|was) (?:it|this|that)\b",
    ),
    (
        "place",
        r"\b(?:where|whereabouts|locat\w*|position\w*)\b|\b(?:which|what) (?:part|side|corner|region|zone|place)\b",
    ),
    ("count", r"\bhow many (?:defects?|areas?|regions?|anomal\w*|faults?|flaws?|spots?)\b"),
    (
        "pieces",
        r"\bhow many\b|\bnumber of\b|\b(?:complete|missing|checklist)\b"
        r"|\b(?:all|every) (?:the )?\w+(?: \w+)? (?:there|present|in place)\b",
    ),
    (
        "good look",
        r"\b(?:what|how) (?:does|should|do) .{0,40}\blook\b",
    ),
    ("comparison", r"\b(?:compar\w*|references?|differ\w*|similar\w*|unlike|deviat\w*)\b"),
    (
        "next step",
        r"\bwhat (?:should|shall|do|must|can) (?:i|we) do\b|\bwhat (?:now|next)\b|\bnext step\b"
        r"|\b(?:ship|scrap|rework|release|use) (?:it|this|the part)\b",
    ),
    (
        "effect",
        r"\b(?:effects?|affect\w*|caus\w*|consequen\w*|happen\w*|risk\w*|danger\w*|serious|sever\w*)\b",
    ),
    ("reasons", r"\b(?:why|reasons?|explain|evidence|how come|how do you know)\b"),
    (
        "type",
        r"\b(?:what|which) (?:kind|type|sort|class|defect|is wrong)\b|\bwhat(?:'s| is| went) wrong\b|\btype of\b",
    ),
    (
        "verdict",
        r"\b(?:defect\w*|anomal\w*|normal|good|bad|ok|okay|verdict|pass\w*|reject\w*|fault\w*|damag\w*|broken"
        r"|flaw\w*|scratch\w*|crack\w*|inspect|check|judge)\b",
    ),
)

_LIMIT = re.compile(
    r"(?<![\w.,–-])(-?(?:\d{1,9}(?:[.,]\d{1,6})?|[.,]\d{1,6}))\s*"
    r"(mm\s?(?:2|²|\^2)|px\s?(?:2|²|\^2)|square (?:mm|millimet\w+|px|pixels?)"
    r"|mm|millimet\w+|px|pixels?|%|percent)(?!\w)"
)
_THOUSANDS = re.compile(r"[1-9]\d{0,2},\d{3}")
"""Where a comma may part thousands or decimals: the two differ by 1000."""

_SURE = re.compile(r"(?:%|percent)\s*(?:sure|certain|confident|likely)\b")
_UNITS = {"mm": "mm", "mil": "mm", "px": "px", "pix": "px", "%": "%", "per": "%"}


def intent_of(text: str) -> Intent:
    """Tells what a question asks for; the rules are tried in order and the first that fits decides."""
    plain = " ".join(text.casefold().replace("’", "'").split())
    if limit_in(plain) is not None and not _SURE.search(plain):
        return "limit"
    return next((asked for asked, pattern in _RULES if re.search(pattern, plain)), "unknown")


def limit_in(text: str) -> str | None:
    """Finds a limit that a question supposes, such as ``3 mm``, ``0.5 mm2`` or ``2 %``.

    A number that can be read in two ways (``1,000 px``, ``2-3 mm``, ``1e3 px``) is none: half of it would be a wrong
    one.
    """
    found = _LIMIT.search(text.casefold())
    if found is None or _THOUSANDS.fullmatch(found.group(1)):
        return None
    number, unit = re.sub(r"^(-?)\.", r"\g<1>0.", found.group(1).replace(",", ".")), found.group(2)
    square = unit.startswith("square") or unit[-1] in "2²"
    unit = unit.removeprefix("square").strip()
    short = next(name for prefix, name in _UNITS.items() if unit.startswith(prefix))
    return f"{number} {short}2" if square and short != "%" else f"{number} {short}"
