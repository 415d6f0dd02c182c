"""What Echo takes from langchain-community: loaders of documents and the BM25 retriever.

langchain-community is no longer developed; everything that needs it goes through here, so that it can be
exchanged in one place. It is imported when it is first used, and only its own farewell notice is silenced.
"""

import importlib
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from echo_agent.errors import MissingExtraError


def load_text(file: Path) -> list[Document]:
    """Loads a text or Markdown file as one document."""
    loaded: list[Document] = _import("document_loaders").TextLoader(str(file), encoding="utf-8").load()
    return loaded


def load_pdf(file: Path) -> list[Document]:
    """Loads a PDF, one document a page, its number (from 0) in ``page``.

    Raises:
        MissingExtraError: pypdf is not installed.
        ValueError: The file is no sound PDF.
    """
    try:
        from pypdf.errors import PyPdfError

        loader = _import("document_loaders").PyPDFLoader(str(file))
    except ImportError as error:
        raise MissingExtraError("pypdf", "documents") from error
    try:
        loaded: list[Document] = loader.load()
    except PyPdfError as error:
        raise ValueError(f"it is no sound PDF: {error}") from error
    return loaded


def bm25_retriever(documents: Sequence[Document], words: Callable[[str], list[str]], k: int) -> BaseRetriever:
    """Returns a retriever that ranks documents by BM25.

    Args:
        documents: At least one document.
        words: Splits a text into the words that are compared.
        k: How many documents it returns.
    """
    retriever: BaseRetriever = _import("retrievers").BM25Retriever.from_documents(
        documents, preprocess_func=words, k=k
    )
    return retriever


def _import(module: str) -> ModuleType:
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=".*langchain-community. is being sunset", category=DeprecationWarning
        )
        return importlib.import_module(f"langchain_community.{module}")
