"""What a card says about an inspection: passages that fit, tolerances held, statements answered."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from langchain_core.embeddings import Embeddings

from echo_agent.card_files import files_of_card
from echo_agent.knowledge.checklist import cannot_tell, counted
from echo_agent.knowledge.documents import document_passages
from echo_agent.knowledge.loader import CardLibrary, LoadedCard, list_cards, read_card
from echo_agent.knowledge.passage import Passage, card_passages
from echo_agent.knowledge.retriever import PassageRetriever
from echo_agent.knowledge.rules import hold_tolerances
from echo_agent.state import ChecklistFinding, CountedPlace, KnowledgeEvidence, Region

MAX_DOCUMENT_PASSAGES = 4

Counts = Mapping[int, Sequence[CountedPlace]]
"""Index of a checklist item to what was found at its places."""


def guide(
    loaded: LoadedCard,
    regions: Sequence[Region],
    size: tuple[int, int],
    *,
    query: str = "",
    counts: Counts | None = None,
    embeddings: Embeddings | None = None,
) -> KnowledgeEvidence:
    """Gathers what a card says about an image.

    Args:
        loaded: The product's card.
        regions: Measured regions of the image.
        size: Width and height of the upright image in pixels.
        query: What is asked; passages of documents are searched for it, or for the card's defect types without it.
        counts: What was counted for the checklist.
        embeddings: Text model for finding passages by meaning.

    Returns:
        The evidence. The passages of the card come first, then those of the documents beside it that fit.
    """
    card = loaded.card
    passages = [*card_passages(loaded), *_from_documents(loaded, query, embeddings)]
    return KnowledgeEvidence(
        product=card.product,
        card_file=str(loaded.file),
        normal=card.normal,
        defect_types=tuple(defect.name for defect in card.defects),
        citations=tuple(passage.cited(f"K{number}") for number, passage in enumerate(passages, 1)),
        tolerances=tuple(hold_tolerances(card, regions, *size)),
        checklist=tuple(_checklist(loaded, counts or {})),
    )


def hold_again(
    loaded: LoadedCard, evidence: KnowledgeEvidence, regions: Sequence[Region], size: tuple[int, int]
) -> KnowledgeEvidence:
    """Holds the tolerances against regions that were measured anew; all else that a card says of an image stands.

    Args:
        loaded: The product's card.
        evidence: What it said of the same image.
        regions: The new regions.
        size: Width and height of the upright image in pixels.
    """
    return evidence.model_copy(update={"tolerances": tuple(hold_tolerances(loaded.card, regions, *size))})


def find_card(product: str, own_folder: Path | None, registered: Path | None) -> LoadedCard | None:
    """Returns a product's card: the one registered with it, else the user's, else one that comes with Echo.

    Cards are read once a process, and again when their files change; those that come with Echo never do.

    Raises:
        KnowledgeError: A card is broken, or the user's folder is missing.
    """
    if registered is not None:
        return _registered(registered, _stamp([registered]))
    folders = (own_folder,) if own_folder is not None else ()
    files = [file for folder in folders for file in list_cards(folder)]
    return _library(folders, _stamp(files)).find(product)


def look_up(loaded: LoadedCard, query: str, embeddings: Embeddings | None = None) -> list[Passage]:
    """Returns the passages of a card and of the documents beside it that fit a query, best first."""
    passages = [*card_passages(loaded), *_documents_of(loaded)]
    return PassageRetriever(passages, embeddings).search(query, MAX_DOCUMENT_PASSAGES)


def _checklist(loaded: LoadedCard, counts: Counts) -> list[ChecklistFinding]:
    findings = []
    for index, item in enumerate(loaded.card.checklist):
        identity = f"C{index + 1}"
        if index in counts:
            findings.append(counted(identity, item, counts[index]))
        else:
            findings.append(
                cannot_tell(identity, item, "it was not counted and no language model answered it")
            )
    return findings


def _from_documents(loaded: LoadedCard, query: str, embeddings: Embeddings | None) -> list[Passage]:
    wanted = query or " ".join(defect.name for defect in loaded.card.defects)
    return PassageRetriever(_documents_of(loaded), embeddings).search(wanted, MAX_DOCUMENT_PASSAGES)


def _documents_of(loaded: LoadedCard) -> tuple[Passage, ...]:
    folder = loaded.file.parent
    return _documents(folder, _stamp(files_of_card(folder)))


def _stamp(files: Iterable[Path]) -> tuple[tuple[str, int], ...]:
    """Returns what changes when a file does, or goes."""
    found = []
    for file in files:
        with suppress(FileNotFoundError):
            found.append((str(file), file.stat().st_mtime_ns))
    return tuple(found)


@lru_cache(maxsize=64)
def _registered(file: Path, stamp: tuple[tuple[str, int], ...]) -> LoadedCard:
    return read_card(file)


@lru_cache(maxsize=4)
def _library(folders: tuple[Path, ...], stamp: tuple[tuple[str, int], ...]) -> CardLibrary:
    return CardLibrary.open(folders)


@lru_cache(maxsize=16)
def _documents(folder: Path, stamp: tuple[tuple[str, int], ...]) -> tuple[Passage, ...]:
    return tuple(document_passages(folder))
