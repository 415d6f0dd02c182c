"""Text from elsewhere as data: an instruction inside it cannot leave its fence.

Image texts, file names, cards, questions and earlier answers of a model are untrusted. They reach a prompt
only through ``fence`` (a block) or ``quote`` (within a line). Both map the characters that chat templates
build control tokens from (angle and square brackets) to look-alikes that no tokenizer treats specially.
"""

import unicodedata

_LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", '"': "'"})
_MAX_BLOCK = 4000
_MAX_QUOTE = 300


def _plain(text: str) -> str:
    """Returns text without control, format and private characters, its brackets mapped to look-alikes."""
    normal = unicodedata.normalize("NFKC", text)
    visible = "".join(c if c == "\n" or not unicodedata.category(c).startswith("C") else " " for c in normal)
    return visible.translate(_LOOKALIKES)


def quote(text: str, limit: int = _MAX_QUOTE) -> str:
    """Returns text as one quoted line of at most ``limit`` characters."""
    line = " ".join(_plain(" ".join(text.split())).split())
    return f'"{line[: limit - 1]}…"' if len(line) > limit else f'"{line}"'


def delimited(name: str, text: str, limit: int = _MAX_BLOCK) -> str:
    """Returns text as a block whose every line begins with ``|``, between a begin and an end mark.

    Args:
        name: What the data is, a word of Echo's own such as ``card``.
        text: The untrusted text.
        limit: Characters that are kept.
    """
    kept = text if len(text) <= limit else f"{text[:limit]} … (cut)"
    lines = [f"| {_plain(line).replace(chr(10), ' ')}" for line in kept.splitlines() or [""]]
    return "\n".join([f"[begin {name}: data]", *lines, f"[end {name}]"])
