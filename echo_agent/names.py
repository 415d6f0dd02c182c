"""Names as people write them: one spelling to keep, and one form to compare."""

import re
import unicodedata

STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control codes, characters that turn the direction of writing, and halves of surrogate pairs."""

REPLACED = "\N{REPLACEMENT CHARACTER}"
"""Stands for what of a file's name is no UTF-8."""


def readable(text: str) -> str:
    """A text that can be encoded: see ``REPLACED``."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def printable(text: str, keep: str = "\n\t") -> str:
    r"""A text for a terminal: what would steer it, or turn its lines round, becomes its ``\uXXXX``.

    Args:
        text: The text, such as what a file is called; JSON stays the same JSON.
        keep: Characters that stay as they are; none within a name.
    """
    return STEERING.sub(lambda found: found[0] if found[0] in keep else f"\\u{ord(found[0]):04x}", text)


def spelled(name: str) -> str:
    """Spells a name alike however it was typed: letters composed (NFC), single blanks, none around."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def canonical_name(name: str) -> str:
    """Returns the form in which names are compared: ``Metal Nut`` and ``metal-nut`` are ``metal_nut``."""
    return "_".join(spelled(name).casefold().replace("-", " ").replace("_", " ").split())


def file_name(name: str) -> str:
    """What a file can be called after a product on any system: its name, but for what a file's name cannot hold."""
    return re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]+', "-", spelled(name))[:60].strip(" .-") or "product"
