"""Passages of domain knowledge: pieces of a card or a document that can be cited with file and line."""

from dataclasses import dataclass

from echo_agent.knowledge.card import DefectType
from echo_agent.knowledge.loader import LoadedCard
from echo_agent.state import Citation


@dataclass(frozen=True)
class Passage:
    """A piece of domain knowledge.

    Attributes:
        text: Its text.
        file: The file it stands in; a page of a PDF as ``manual.pdf#page=3``.
        line: The line it begins on, from 1; within the page's text for a PDF.
    """

    text: str
    file: str
    line: int

    def cited(self, identity: str) -> Citation:
        """Returns the passage as a citation of that id."""
        return Citation(id=identity, text=self.text, file=self.file, line=self.line)


def card_passages(loaded: LoadedCard) -> list[Passage]:
    """Returns a card's passages: the normal state, then one a defect type."""
    card, file = loaded.card, str(loaded.file)
    passages = [Passage(f"Normal {card.product}: {card.normal}", file, loaded.line("normal"))]
    for index, defect in enumerate(card.defects):
        passages.append(Passage(describe_defect(defect), file, loaded.line("defects", index)))
    return passages


def describe_defect(defect: DefectType) -> str:
    """Tells a defect type in a few sentences."""
    also = f" (also {', '.join(defect.aliases)})" if defect.aliases else ""
    parts = [f"{defect.name}{also}, {defect.severity}. Look: {defect.look}"]
    if defect.cause is not None:
        parts.append(f"Cause: {defect.cause}")
    if defect.effect is not None:
        parts.append(f"Effect: {defect.effect}")
    if defect.examples:
        parts.append(f"Examples: {' '.join(defect.examples)}")
    return " ".join(parts)
