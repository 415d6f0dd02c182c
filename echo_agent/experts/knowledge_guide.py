"""Knowledge Guide: brings the domain knowledge about the product and holds its tolerances against what was measured.

Statements of the card that draw their places are counted there.
"""

from typing import Any

from echo_agent.knowledge.guidance import guide, hold_again
from echo_agent.knowledge.loader import LoadedCard, drawn_on
from echo_agent.memory.memory import Memory
from echo_agent.resources import Resources
from echo_agent.state import CountedPlace, ImageRef, State


def knowledge_guide(state: State, resources: Resources) -> dict[str, Any]:
    """Finds the card of the product that was named or recognised; the image's file name plays no part.

    A further attempt holds its regions against the tolerances; what was found and counted stands.
    """
    reference = state.reference
    if reference is None or reference.product is None or state.image is None:
        return {"knowledge": None}
    card = resources.card(reference.product)
    if card is None:
        return {"knowledge": None}
    size, earlier = (state.image.width, state.image.height), state.knowledge
    if state.attempts and earlier is not None and earlier.card_file == str(card.file):
        return {"knowledge": hold_again(card, earlier, reference.regions, size)}
    evidence = guide(
        card,
        reference.regions,
        size,
        query=state.question.text if state.question is not None else "",
        counts=_counts(state.image, reference.product, card, resources.memory),
        embeddings=resources.embeddings,
    )
    return {"knowledge": evidence}


def _counts(
    image: ImageRef, product: str, card: LoadedCard, memory: Memory
) -> dict[int, tuple[CountedPlace, ...]]:
    """Looks for the things of the statements whose places are drawn."""
    found = {}
    for index, item in enumerate(card.card.checklist):
        drawn = drawn_on(card, item)
        if drawn is not None:
            found[index] = memory.count(image, product, item.places, drawn)
    return found
