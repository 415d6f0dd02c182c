"""The versions of products in the database: each is kept, and one of each product is the current one."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from echo_agent.json_text import parse_json
from echo_agent.memory.damage import DamagedMemoryError
from echo_agent.memory.database import Database
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.stored_paths import stored_file
from echo_agent.state import ImageRef
from echo_agent.vision.features import Array

Files = Mapping[str, str]
"""Digests of files by their path relative to the memory."""


def add_version(
    connection: sqlite3.Connection,
    folder: Path,
    record: ProductRecord,
    *,
    embeddings: Array | None,
    files: Files,
    answers: Mapping[str, str],
) -> None:
    """Writes a version, which becomes the current one of its product.

    Args:
        connection: A transaction.
        folder: Folder of the memory.
        record: The version.
        embeddings: Embeddings of its references ``(references, dimensions)``; None where they are not known.
        files: Its files.
        answers: The answers that its learnt references come from, by digest of the photograph.
    """
    vectors: Sequence[Array | None] = [None] * record.normals if embeddings is None else list(embeddings)
    connection.executemany(
        "INSERT INTO photograph (sha256, file, width, height, embedding) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (sha256) DO UPDATE SET embedding = COALESCE(excluded.embedding, embedding)",
        [
            (
                image.sha256,
                stored_file(image.uri, folder),
                image.width,
                image.height,
                None if vector is None else _blob(vector),
            )
            for image, vector in zip(record.references, vectors, strict=True)
        ],
    )
    connection.execute(
        "INSERT INTO version (key, product, version, card, record, files) VALUES (?, ?, ?, ?, ?, ?)",
        (
            record.key,
            record.name,
            record.version,
            record.card,
            _written(record),
            json.dumps(dict(files)),
        ),
    )
    connection.executemany(
        "INSERT INTO reference (key, place, sha256, answer) VALUES (?, ?, ?, ?)",
        [
            (record.key, place, image.sha256, answers.get(image.sha256))
            for place, image in enumerate(record.references)
        ],
    )
    connection.execute(
        "INSERT INTO product (name, key) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET key = ?2",
        (record.name, record.key),
    )


def rewrite_record(connection: sqlite3.Connection, folder: Path, record: ProductRecord, files: Files) -> None:
    """Writes anew what is said of a version, and the digests of some of its files; its references and card stay."""
    digests = json.dumps({**digests_of_files(connection, folder, record.key), **files})
    connection.execute(
        "UPDATE version SET record = ?, files = ? WHERE key = ?", (_written(record), digests, record.key)
    )


def remove_versions(connection: sqlite3.Connection, product: str) -> list[str]:
    """Removes all versions of a product; gives the files of the photographs that no other product has."""
    connection.execute("DELETE FROM product WHERE name = ?", (product,))
    connection.execute("DELETE FROM version WHERE product = ?", (product,))
    rows = connection.execute(
        "DELETE FROM photograph WHERE sha256 NOT IN (SELECT sha256 FROM reference) RETURNING file"
    )
    return [file for (file,) in rows.fetchall()]


def current_versions(connection: sqlite3.Connection, folder: Path) -> list[ProductRecord]:
    """The current version of each product."""
    return _records(connection, folder, "SELECT key FROM product")


def all_versions(connection: sqlite3.Connection, folder: Path, product: str) -> list[ProductRecord]:
    """All versions of a product, newest first."""
    found = _records(connection, folder, "SELECT key FROM version WHERE product = ?", product)
    return sorted(found, key=lambda record: -record.version)


def learnt_references(connection: sqlite3.Connection, key: str) -> dict[str, str]:
    """The answers that a version's learnt references come from, by digest of the photograph."""
    return dict(
        connection.execute(
            "SELECT sha256, answer FROM reference WHERE key = ? AND answer IS NOT NULL", (key,)
        ).fetchall()
    )


def digests_of_files(connection: sqlite3.Connection, folder: Path, key: str) -> dict[str, str]:
    """Digests of a version's files, by path relative to the memory; empty where it is not known.

    Raises:
        StoreError: They cannot be read.
    """
    row = connection.execute("SELECT files FROM version WHERE key = ?", (key,)).fetchone()
    try:
        return {} if row is None else dict(parse_json(row[0]))
    except (ValueError, TypeError) as error:
        raise DamagedMemoryError(folder, f"the digests of the files of {key} cannot be read") from error


def cards(connection: sqlite3.Connection) -> set[str]:
    """Knowledge cards of all versions, relative to the memory."""
    rows = connection.execute("SELECT DISTINCT card FROM version WHERE card IS NOT NULL")
    return {card for (card,) in rows.fetchall()}


def current_folders(connection: sqlite3.Connection) -> set[str]:
    """Folders of the current versions, relative to the memory."""
    rows = connection.execute("SELECT json_extract(record, '$.folder') FROM version JOIN product USING (key)")
    return {folder for (folder,) in rows.fetchall()}


def photographs(connection: sqlite3.Connection) -> set[str]:
    """Files of the references of all versions, relative to the memory."""
    return {file for (file,) in connection.execute("SELECT file FROM photograph").fetchall()}


def embeddings_of(database: Database, key: str) -> dict[str, Array]:
    """Embeddings of a version's references ``(dimensions,)``, by digest of the photograph.

    Raises:
        FileNotFoundError: There is no such version: another process has removed it.
        StoreError: One is missing or damaged.
    """
    with database.reading() as connection:
        rows = connection.execute(
            "SELECT sha256, embedding FROM reference JOIN photograph USING (sha256) WHERE key = ?", (key,)
        ).fetchall()
    if not rows:
        raise FileNotFoundError(f"{key} was removed")
    found = {sha256: _embedding(blob) for sha256, blob in rows}
    if len({vector.size for vector in found.values()}) != 1 or not all(map(_usable, found.values())):
        raise DamagedMemoryError(database.folder, f"the embeddings of the references of {key} are damaged")
    return found


def without_embedding(connection: sqlite3.Connection, folder: Path) -> list[ImageRef]:
    """The references of current versions whose embedding is not known."""
    rows = connection.execute(
        "SELECT DISTINCT sha256, file, width, height FROM photograph "
        "JOIN reference USING (sha256) JOIN product USING (key) WHERE embedding IS NULL"
    ).fetchall()
    return [
        ImageRef(uri=str(folder / file), sha256=sha256, width=width, height=height)
        for sha256, file, width, height in rows
    ]


def set_embedding(connection: sqlite3.Connection, digest: str, embedding: Array) -> None:
    """Writes the embedding of a photograph ``(dimensions,)``."""
    connection.execute("UPDATE photograph SET embedding = ? WHERE sha256 = ?", (_blob(embedding), digest))


def forget_unusable_embeddings(connection: sqlite3.Connection) -> None:
    """Drops embeddings that are damaged, or not as long as most."""
    rows = connection.execute(
        "SELECT sha256, embedding FROM photograph WHERE embedding IS NOT NULL"
    ).fetchall()
    sizes = Counter(len(blob) for _, blob in rows if is_embedding(blob))
    usual = sizes.most_common(1)[0][0] if sizes else 0
    for digest, blob in rows:
        if not is_embedding(blob) or len(blob) != usual:
            connection.execute("UPDATE photograph SET embedding = NULL WHERE sha256 = ?", (digest,))


def forget_lost_versions(connection: sqlite3.Connection, digests: Collection[str]) -> None:
    """Removes earlier versions that have a lost photograph among their references: none can be gone back to."""
    for digest in digests:
        connection.execute(
            "DELETE FROM version WHERE key IN (SELECT key FROM reference WHERE sha256 = ?) "
            "AND key NOT IN (SELECT key FROM product)",
            (digest,),
        )
    connection.execute("DELETE FROM photograph WHERE sha256 NOT IN (SELECT sha256 FROM reference)")


def _blob(vector: Array) -> bytes:
    return vector.astype("<f4").tobytes()


def _embedding(blob: Any) -> Array:
    whole = isinstance(blob, bytes) and len(blob) % 4 == 0
    return np.frombuffer(blob if whole else b"", dtype="<f4").astype(np.float32)


def is_embedding(blob: Any) -> bool:
    """Whether what stands in the place of an embedding is one."""
    return _usable(_embedding(blob))


def _usable(vector: Array) -> bool:
    return vector.size > 0 and bool(np.isfinite(vector).all()) and bool(vector.any())


def _written(record: ProductRecord) -> str:
    return record.model_dump_json(exclude={"references", "learnt", "card"})


def _records(
    connection: sqlite3.Connection, folder: Path, keys: str, *parameters: str
) -> list[ProductRecord]:
    references: dict[str, list[dict[str, object]]] = defaultdict(list)
    learnt: dict[str, list[str]] = defaultdict(list)
    for key, sha256, file, width, height, answer in connection.execute(
        "SELECT key, sha256, file, width, height, answer FROM reference JOIN photograph USING (sha256) "
        f"WHERE key IN ({keys}) ORDER BY key, place",
        parameters,
    ).fetchall():
        image = {"uri": str(folder / file), "sha256": sha256, "width": width, "height": height}
        references[key].append(image)
        if answer is not None:
            learnt[key].append(sha256)
    rows = connection.execute(f"SELECT key, card, record FROM version WHERE key IN ({keys})", parameters)
    return [
        _record(text, {"card": card, "references": references[key], "learnt": learnt[key]}, folder)
        for key, card, text in rows.fetchall()
    ]


def _record(text: str, beside: Mapping[str, object], folder: Path) -> ProductRecord:
    try:
        return ProductRecord.model_validate({**parse_json(text), **beside})
    except (ValueError, TypeError) as error:
        raise DamagedMemoryError(folder, "the entry of a product cannot be read") from error
