"""The name of a defect type as a person says it, held against the product's card."""

import difflib

from echo_agent.errors import KnowledgeError
from echo_agent.knowledge.card import Card
from echo_agent.names import canonical_name

NEAR = 0.5
"""Likeness (0..1) from which on another name is offered."""


def known_defect_type(card: Card | None, name: str) -> str:
    """The defect type's name as the card has it.

    Args:
        card: The product's card; without one, and without defect types in it, every name is taken.
        name: What the person says: a name or an alias of the card, in any case.

    Raises:
        KnowledgeError: The card has no such type; the message offers the nearest name.
    """
    if card is None or not card.defects:
        return name
    found = card.defect(name)
    if found is not None:
        return found.name
    names = {
        canonical_name(word): defect.name
        for defect in card.defects
        for word in (defect.name, *defect.aliases)
    }
    near = difflib.get_close_matches(canonical_name(name), names, n=1, cutoff=NEAR)
    offer = f"did you mean {names[near[0]]!r}?" if near else "name one of them"
    listed = ", ".join(defect.name for defect in card.defects)
    raise KnowledgeError(f"the card of {card.product} has no defect type {name!r} ({listed}): {offer}")
