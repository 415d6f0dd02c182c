"""Names as people write them: one spelling to keep, and one form to compare."""

import unicodedata


def readable(text: str) -> str:
    """A text that can be encoded: what of a file's name is no UTF-8 becomes a replacement character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def spelled(name: str) -> str:
    """Spells a name alike however it was typed: letters composed (NFC), single blanks, none around."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def canonical_name(name: str) -> str:
    """Returns the form in which names are compared: ``Metal Nut`` and ``metal-nut`` are ``metal_nut``."""
    return "_".join(spelled(name).casefold().replace("-", " ").replace("_", " ").split())
