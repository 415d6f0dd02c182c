"""Reference images by embedding, in Chroma: built in memory from what the database keeps, and never stored itself."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from echo_agent.vision.features import Array

if TYPE_CHECKING:
    from chromadb import Collection as Rows

COLLECTION = "references"
BATCH = 4096

Embeddings = Callable[[str], Mapping[str, Array]]
"""Gives the embeddings of a version's references, by digest of the image."""


@dataclass(frozen=True)
class Neighbour:
    """A row of the index: version key of its product, digest of its image, cosine similarity to the query."""

    key: str
    sha256: str
    similarity: float


class ReferenceIndex:
    """The embeddings of references, those of a version from when it is first asked for.

    Args:
        embeddings: What the database keeps.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._held: set[str] = set()
        self._rows: Rows | None = None
        self._changing = threading.Lock()

    def keep(self, keys: Collection[str]) -> None:
        """Drops the versions that are not among these."""
        with self._changing:
            for gone in self._held - set(keys):
                self._opened().delete(where={"key": gone})
                self._held.discard(gone)

    def nearest(self, embedding: Array, keys: Sequence[str], count: int) -> list[Neighbour]:
        """The nearest references of some versions, best first.

        Args:
            embedding: ``(dimensions,)``, of unit length.
            keys: Version keys to look among.
            count: How many at most.

        Raises:
            FileNotFoundError: A version is no longer there: another process has removed it.
            StoreError: The embeddings of a version are damaged.
        """
        if not keys:
            return []
        with self._changing:
            for key in keys:
                if key not in self._held:
                    self._add(key)
        where: Any = {"key": keys[0]} if len(keys) == 1 else {"key": {"$in": list(keys)}}
        found = self._opened().query(
            query_embeddings=np.asarray(embedding, dtype=np.float32)[None],
            n_results=count,
            where=where,
            include=["distances"],
        )
        rows = (name.rpartition(":") for name in found["ids"][0])
        distances = (found["distances"] or [[]])[0]
        return [
            Neighbour(key, digest, 1.0 - max(float(distance), 0.0))
            for (key, _, digest), distance in zip(rows, distances, strict=True)
        ]

    def _add(self, key: str) -> None:
        kept = list(self._embeddings(key).items())
        for start in range(0, len(kept), BATCH):
            part = kept[start : start + BATCH]
            self._opened().add(
                ids=[f"{key}:{digest}" for digest, _ in part],
                embeddings=np.stack([vector for _, vector in part]),
                metadatas=[{"key": key, "sha256": digest} for digest, _ in part],
            )
        self._held.add(key)

    def _opened(self) -> "Rows":
        """The collection, in a Chroma of its own: clients of the host program share one, and see each other's rows."""
        if self._rows is None:
            from chromadb.api.models.Collection import Collection
            from chromadb.api.rust import RustBindingsAPI
            from chromadb.config import Settings, System

            system = System(Settings(anonymized_telemetry=False, is_persistent=False))
            server = system.instance(RustBindingsAPI)
            system.start()
            found = server.get_or_create_collection(COLLECTION, configuration={"hnsw": {"space": "cosine"}})
            self._rows = Collection(client=server, model=found, embedding_function=None)
        return self._rows
