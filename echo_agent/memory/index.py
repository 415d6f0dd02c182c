"""Reference images by embedding, in Chroma: built in memory or on a server from what the database keeps."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import numpy as np

from echo_agent.errors import StoreError
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
        server: Address of a Chroma server that holds the index for many processes; None builds it in this one.
        encoder: The encoder that made the embeddings: on a server each has a collection of its own.
    """

    def __init__(self, embeddings: Embeddings, server: str | None = None, encoder: str = "") -> None:
        self._embeddings = embeddings
        self._server = server
        self._encoder = encoder
        self._held: set[str] = set()
        self._rows: Rows | None = None
        self._changing = threading.Lock()

    def keep(self, keys: Collection[str]) -> None:
        """Drops the versions that are not among these."""
        with self._changing, _answering(self._server):
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
        with self._changing, _answering(self._server):
            for key in keys:
                if key not in self._held:
                    self._add(key)
        if self._server is None:
            return self._found(embedding, keys, count)
        from chromadb.errors import NotFoundError

        with _answering(self._server):
            try:
                found = self._found(embedding, keys, count)
            except NotFoundError:
                found = []
            if found:
                return found
            with self._changing:  # the server has lost its rows since they were added
                self._rows = None
                self._held.clear()
                for key in keys:
                    self._add(key)
            return self._found(embedding, keys, count)

    def _found(self, embedding: Array, keys: Sequence[str], count: int) -> list[Neighbour]:
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
            self._opened().upsert(
                ids=[f"{key}:{digest}" for digest, _ in part],
                embeddings=np.stack([vector for _, vector in part]),
                metadatas=[{"key": key, "sha256": digest} for digest, _ in part],
            )
        self._held.add(key)

    def _opened(self) -> "Rows":
        """The collection, in a Chroma of its own: clients of the host program share one, and see each other's rows."""
        if self._rows is None and self._server is not None:
            self._rows = _served(self._server, self._encoder)
        elif self._rows is None:
            from chromadb.api.models.Collection import Collection
            from chromadb.api.rust import RustBindingsAPI
            from chromadb.config import Settings, System

            system = System(Settings(anonymized_telemetry=False, is_persistent=False))
            server = system.instance(RustBindingsAPI)
            system.start()
            found = server.get_or_create_collection(COLLECTION, configuration={"hnsw": {"space": "cosine"}})
            self._rows = Collection(client=server, model=found, embedding_function=None)
        return self._rows


def _served(server: str, encoder: str) -> "Rows":
    """The collection of an encoder on a Chroma server."""
    import chromadb
    from chromadb.config import Settings

    parts = urlsplit(server)
    ssl = parts.scheme == "https"
    client = chromadb.HttpClient(
        host=parts.hostname or server,
        port=parts.port or (443 if ssl else 8000),
        ssl=ssl,
        settings=Settings(anonymized_telemetry=False),
    )
    name = f"{COLLECTION}-{sha256(encoder.encode()).hexdigest()[:16]}"
    return client.get_or_create_collection(
        name, configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
    )


@contextmanager
def _answering(server: str | None) -> Iterator[None]:
    """Tells that a server does not answer."""
    if server is None:
        yield
        return
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, httpx.HTTPError, ValueError) as error:
        raise StoreError(
            f"the Chroma server {server} does not answer ({error}): start it (chroma run), or unset ECHO_CHROMA_URL"
        ) from error
