"""Knowledge Guide: brings the know-how about the product and holds its tolerances against what was measured."""

from pathlib import Path

from langgraph.runtime import Runtime

from echo_agent.context import Context
from echo_agent.experts.run import Update, context_of, memory_of, timed
from echo_agent.knowledge.loader import CardLibrary, LoadedCard
from echo_agent.knowledge.rules import hold_tolerances
from echo_agent.settings import process_settings
from echo_agent.state import Citation, ImageRef, KnowledgeEvidence, ReferenceEvidence, State


@timed
def knowledge_guide(state: State, runtime: Runtime[Context]) -> Update:
    """Finds the product's card: the one registered with it, else the user's, else one that comes with Echo."""
    reference = state.reference
    if reference is None or reference.product is None or state.image is None:
        return {"knowledge": None}
    if "knowledge" not in context_of(runtime).experts:
        return {"knowledge": None}
    card = _find_card(reference.product, memory_of(runtime).card(reference.product))
    return {"knowledge": None if card is None else _evidence(card, reference, state.image)}


def _find_card(product: str, registered: Path | None) -> LoadedCard | None:
    own = process_settings().knowledge
    library = CardLibrary.open(
        folders=[own] if own is not None else [], registered=[registered] if registered is not None else []
    )
    return library.cards[0] if registered is not None else library.find(product)


def _evidence(loaded: LoadedCard, reference: ReferenceEvidence, image: ImageRef) -> KnowledgeEvidence:
    card = loaded.card
    passages: list[tuple[tuple[str | int, ...], str]] = [(("normal",), card.normal)]
    passages += [
        (("defects", index, "look"), f"{defect.name}: {defect.look}")
        for index, defect in enumerate(card.defects)
    ]
    return KnowledgeEvidence(
        product=card.product,
        card_file=str(loaded.file),
        normal=card.normal,
        defect_types=tuple(defect.name for defect in card.defects),
        citations=tuple(
            Citation(id=f"K{number}", text=text, file=str(loaded.file), line=loaded.line(*path))
            for number, (path, text) in enumerate(passages, start=1)
        ),
        tolerances=tuple(hold_tolerances(card, reference.regions, image.width, image.height)),
    )
