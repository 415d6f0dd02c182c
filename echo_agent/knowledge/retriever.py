"""Finds the passages that fit a query: by words (BM25) and, where a text model is configured, by meaning."""

import re
from collections.abc import Sequence

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from echo_agent.knowledge.community import bm25_retriever
from echo_agent.knowledge.passage import Passage

_RANK_OFFSET = 60
"""Constant of reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009)."""

_COMMON_WORDS = """
a an and any are as at be by do does for from has have how if in is it its many much no not of on or that the
there this to was what when where which who why will with you
"""
_COMMON = frozenset(_COMMON_WORDS.split())


class PassageRetriever:
    """Searches passages of domain knowledge.

    Args:
        passages: The passages.
        embeddings: A text embedding model, or None to search by words alone.
    """

    def __init__(self, passages: Sequence[Passage], embeddings: Embeddings | None = None) -> None:
        self._passages = tuple(passages)
        self._embeddings = embeddings

    def search(self, query: str, k: int = 4) -> list[Passage]:
        """Returns at most ``k`` passages that fit a query, best first.

        By words alone a passage must share one with the query. With a text model both rankings are fused, so
        a passage with other words and the same meaning is found too.
        """
        rankings = [self._by_words(query)]
        if self._embeddings is not None and self._passages:
            rankings.append(self._by_meaning(query, self._embeddings))
        scores: dict[int, float] = {}
        for ranking in rankings:
            for rank, index in enumerate(ranking, 1):
                scores[index] = scores.get(index, 0.0) + 1.0 / (_RANK_OFFSET + rank)
        best = sorted(scores, key=lambda index: (-scores[index], index))
        return [self._passages[index] for index in best[:k]]

    def _by_words(self, query: str) -> list[int]:
        wanted = set(words(query))
        if not wanted or not self._passages:
            return []
        found = bm25_retriever(self._documents(), words, k=len(self._passages)).invoke(query)
        return [
            document.metadata["index"] for document in found if wanted & set(words(document.page_content))
        ]

    def _by_meaning(self, query: str, embeddings: Embeddings) -> list[int]:
        from langchain_core.vectorstores import InMemoryVectorStore

        store = InMemoryVectorStore.from_documents(self._documents(), embeddings)
        found = store.similarity_search(query, k=len(self._passages))
        return [document.metadata["index"] for document in found]

    def _documents(self) -> list[Document]:
        return [
            Document(page_content=passage.text, metadata={"index": index})
            for index, passage in enumerate(self._passages)
        ]


def words(text: str) -> list[str]:
    """Splits a text into the words that are compared: lower case, singular, without the commonest ones."""
    return [_singular(word) for word in re.findall(r"\w+", text.casefold()) if word not in _COMMON]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
