"""The benchmark's domain knowledge as knowledge cards that do not name the product."""

from pathlib import Path

from echo_agent.errors import KnowledgeError
from echo_agent.evaluation.mmad_dataset import MmadImage
from echo_agent.knowledge.card_yaml import write_card_yaml
from echo_agent.knowledge.mmad_import import mmad_cards

KNOWLEDGE_FILE = "domain_knowledge.json"
NAMELESS = "part"
"""The product's name on a card: MMAD's class is a folder's name, which no question tells."""

_READS_UNDER = {"DS-MVTec": "MVTec", "MVTec-AD": "MVTec"}
"""Datasets whose knowledge stands under another name (as the benchmark's own script reads it)."""

Cards = dict[tuple[str, str], Path]
"""Dataset and class to the file of a card."""


def write_cards(source: Path, folder: Path) -> Cards:
    """Writes a card for each class of a benchmark.

    Args:
        source: The benchmark's ``domain_knowledge.json``.
        folder: Folder for the cards.

    Returns:
        The cards by dataset and class.

    Raises:
        KnowledgeError: The file is not MMAD's, or the folder cannot be written.
    """
    cards: Cards = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, (key, values) in enumerate(mmad_cards(source).items(), start=1):
            cards[key] = folder / f"{number}.yaml"
            nameless = {**values, "product": NAMELESS, "sources": []}
            cards[key].write_text(write_card_yaml(nameless, "Domain knowledge of the benchmark."), "utf-8")
    except OSError as error:
        raise KnowledgeError(
            f"{folder} cannot be written ({error.strerror}): choose another --out"
        ) from error
    return cards


def card_of_image(cards: Cards, image: MmadImage) -> Path | None:
    """The card of an image's class; None where the file has none."""
    return cards.get((_READS_UNDER.get(image.dataset, image.dataset), image.product))
