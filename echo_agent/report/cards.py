"""Which knowledge card a product goes by, in words: one of its own, or one that is taken because of its name."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from echo_agent.errors import KnowledgeError
from echo_agent.knowledge.guidance import find_card
from echo_agent.knowledge.loader import SHIPPED_CARDS
from echo_agent.settings import process_settings

if TYPE_CHECKING:
    from echo_agent.memory.product import ProductRecord


def card_in_words(record: "ProductRecord") -> str:
    """Names the card of a product, for a table."""
    if record.card is not None:
        return record.card
    try:
        card = find_card(record.name, process_settings().knowledge, None)
    except KnowledgeError:
        return "cannot be read: echo-agent knowledge check"
    if card is None:
        return "-"
    return f"by its name: {_where(card.file)}"


def taken_by_name(record: "ProductRecord") -> str:
    """Tells that a product goes by a card because of its name, and how to do without; empty where it does not."""
    card = card_in_words(record)
    if record.card is not None or card == "-":
        return ""
    return (
        f"\nKnowledge card: {card}. To do without: echo-agent knowledge decline {quote(record.name)}; "
        "another one: --knowledge."
    )


def _where(card: Path) -> str:
    return f"{card.parent.name} (comes with Echo)" if card.is_relative_to(SHIPPED_CARDS) else str(card)
