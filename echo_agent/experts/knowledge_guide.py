"""Knowledge Guide: brings the domain knowledge about the product and holds its tolerances against what was measured.

Statements of the card that draw their places are counted there.
"""

from functools import lru_cache

from langchain_core.embeddings import Embeddings
from langgraph.runtime import Runtime

from echo_agent.context import Context
from echo_agent.decision.checklist import keep_answers
from echo_agent.experts.run import Update, context_of, memory_of, timed
from echo_agent.knowledge.guidance import find_card, guide
from echo_agent.knowledge.loader import LoadedCard, drawn_on
from echo_agent.memory.memory import Memory
from echo_agent.settings import process_settings
from echo_agent.state import CountedPlace, ImageRef, State


@timed
def knowledge_guide(state: State, runtime: Runtime[Context]) -> Update:
    """Finds the card of the product that was named or recognised; the image's file name plays no part."""
    reference = state.reference
    if reference is None or reference.product is None or state.image is None:
        return {"knowledge": None}
    if "knowledge" not in context_of(runtime).experts:
        return {"knowledge": None}
    settings = process_settings()
    memory = memory_of(runtime)
    registered = memory.card(reference.product)
    card = find_card(reference.product, settings.knowledge, registered)
    if card is None:
        return {"knowledge": None}
    evidence = guide(
        card,
        reference.regions,
        (state.image.width, state.image.height),
        query=state.question.text if state.question is not None else "",
        counts=_counts(state.image, reference.product, card, memory),
        embeddings=_embeddings(settings.text_model) if settings.text_model is not None else None,
    )
    return {"knowledge": keep_answers(evidence, state.knowledge if state.attempts else None)}


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


@lru_cache(maxsize=1)
def _embeddings(model: str) -> Embeddings:
    from echo_agent.knowledge.embeddings import HuggingFaceTextEmbeddings

    return HuggingFaceTextEmbeddings(model)
