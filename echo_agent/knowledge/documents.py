"""Passages from the documents beside a card: Markdown, text, CSV and PDF."""

from collections.abc import Callable
from pathlib import Path

from langchain_core.documents import Document

from echo_agent.card_files import CARD_FILE, files_of_card
from echo_agent.csv_table import read_rows
from echo_agent.errors import DatasetError, EchoError, KnowledgeError
from echo_agent.images.decoding import IMAGE_SUFFIXES
from echo_agent.knowledge.community import load_pdf, load_text
from echo_agent.knowledge.passage import Passage

PASSAGE_LENGTH = 700
"""Characters of a passage at most: a paragraph or two."""


def document_passages(folder: Path) -> list[Passage]:
    """Reads the documents of a card's folder and cuts them into passages.

    Folders below that hold a card of their own, a memory or a run are left out.

    Raises:
        KnowledgeError: A document cannot be read.
        MissingExtraError: There is a PDF and pypdf is not installed.
    """
    return [passage for passages in read_documents(folder).values() for passage in passages]


def read_documents(folder: Path) -> dict[Path, list[Passage]]:
    """Reads the documents of a card's folder; see ``document_passages``."""
    return {
        file: _READERS[file.suffix.lower()](file)
        for file in files_of_card(folder)
        if file.suffix.lower() in _READERS
    }


def unread_beside(card: Path) -> list[Path]:
    """The files beside a card that belong to it and cannot be read: neither documents that are cited nor images.

    Args:
        card: The card's file. To one that is not ``card.yaml`` belong only the files whose names it mentions.
    """
    unread = [file for file in files_of_card(card.parent) if file.suffix.lower() not in READ_OR_SHOWN]
    if card.name == CARD_FILE:
        return unread
    text = card.read_text(encoding="utf-8")
    return [file for file in unread if file != card and file.parent == card.parent and file.name in text]


def _read_text(file: Path) -> list[Passage]:
    return [passage for document in _loaded(load_text, file) for passage in _cut(document, str(file))]


def _read_pdf(file: Path) -> list[Passage]:
    return [
        passage
        for number, page in enumerate(_loaded(load_pdf, file), 1)
        for passage in _cut(page, f"{file}#page={number}")
    ]


def _read_csv(file: Path) -> list[Passage]:
    try:
        names, rows = read_rows(file)
    except DatasetError as error:
        raise KnowledgeError(str(error)) from error
    return [
        Passage(
            "\n".join(f"{name}: {cell}" for name, cell in zip(names, cells, strict=True)), str(file), line
        )
        for line, cells in rows
    ]


def _loaded(load: Callable[[Path], list[Document]], file: Path) -> list[Document]:
    try:
        return load(file)
    except EchoError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        raise KnowledgeError(
            f"{file} cannot be read: save it again as UTF-8, or take it away ({error})"
        ) from error


def _cut(document: Document, name: str) -> list[Passage]:
    from langchain_text_splitters import Language, RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter.from_language(
        Language.MARKDOWN, chunk_size=PASSAGE_LENGTH, chunk_overlap=0, add_start_index=True
    )
    text = document.page_content
    return [
        Passage(piece.page_content, name, text.count("\n", 0, piece.metadata["start_index"]) + 1)
        for piece in splitter.create_documents([text])
    ]


_READERS: dict[str, Callable[[Path], list[Passage]]] = {
    ".md": _read_text,
    ".txt": _read_text,
    ".csv": _read_csv,
    ".pdf": _read_pdf,
}

READ_OR_SHOWN = frozenset(_READERS) | IMAGE_SUFFIXES
