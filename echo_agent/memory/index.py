"""Reference images by embedding, in Chroma. Rows of versions that the catalog does not name are never returned."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from echo_agent.errors import StoreError
from echo_agent.files import writable
from echo_agent.vision.features import Array

if TYPE_CHECKING:
    from chromadb import Collection

COLLECTION = "references"
BATCH = 4096


@dataclass(frozen=True)
class Neighbour:
    """A row of the index: version key of its product, digest of its image, cosine similarity to the query."""

    key: str
    sha256: str
    similarity: float


class ReferenceIndex:
    """The embeddings of all references.

    Args:
        folder: Folder of the Chroma database; made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._collection = self._open()

    def _open(self) -> "Collection":
        """Opens the database apart from the clients of this process.

        Clients share one view of a path, which does not see what another process writes, and which only all clients of
        the process together can be made to drop. This one goes with the collection.
        """
        import chromadb
        from chromadb.api.models.Collection import Collection
        from chromadb.api.rust import RustBindingsAPI
        from chromadb.config import Settings, System

        place = writable(self._folder)
        try:
            if place != self._folder:  # Chroma writes also where it only reads: it is given a copy
                shutil.copytree(self._folder, place, copy_function=shutil.copyfile, dirs_exist_ok=True)
                for copied in (place, *place.rglob("*")):
                    copied.chmod(0o700)
            settings = Settings(anonymized_telemetry=False, is_persistent=True, persist_directory=str(place))
            system = System(settings)
            server = system.instance(RustBindingsAPI)
            system.start()
            found = server.get_or_create_collection(COLLECTION, configuration={"hnsw": {"space": "cosine"}})
        except (chromadb.errors.ChromaError, OSError, ValueError) as error:
            raise StoreError(
                f"{self._folder} cannot be opened as a Chroma database ({error}): check the folder"
            ) from error
        return Collection(client=server, model=found, embedding_function=None)

    def reopen(self) -> None:
        """Opens the database anew, to see what another process wrote."""
        self._collection = self._open()

    def add(self, key: str, digests: Sequence[str], embeddings: Array) -> None:
        """Adds the references of a version.

        Args:
            key: Version key of the product.
            digests: Digest of each image.
            embeddings: ``(images, dimensions)``, of unit length.
        """
        for start in range(0, len(digests), BATCH):
            part = digests[start : start + BATCH]
            self._collection.add(
                ids=[f"{key}:{digest}" for digest in part],
                embeddings=embeddings[start : start + BATCH],
                metadatas=[{"key": key, "sha256": digest} for digest in part],
            )

    def remove(self, key: str) -> None:
        """Removes all rows of a version."""
        self._collection.delete(where={"key": key})

    def keys(self) -> set[str]:
        """Version keys of all rows."""
        rows = self._collection.get(include=["metadatas"])["metadatas"] or []
        return {str(row["key"]) for row in rows}

    def embeddings(self, key: str) -> dict[str, Array]:
        """Embeddings of a version's references, by digest of the image."""
        rows = self._collection.get(where={"key": key}, include=["metadatas", "embeddings"])
        found = zip(rows["metadatas"] or (), np.asarray(rows["embeddings"], dtype=np.float32), strict=True)
        return {str(row["sha256"]): vector for row, vector in found}

    def nearest(self, embedding: Array, keys: Sequence[str], count: int) -> list[Neighbour]:
        """The nearest references of some versions, best first.

        Args:
            embedding: ``(dimensions,)``, of unit length.
            keys: Version keys to look among.
            count: How many at most.
        """
        if not keys:
            return []
        where: Any = {"key": keys[0]} if len(keys) == 1 else {"key": {"$in": list(keys)}}
        found = self._collection.query(
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
