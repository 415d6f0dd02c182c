"""The domain knowledge that is registered with a product: its card and the files beside it, copied into the memory."""

import shutil
import uuid
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from echo_agent.card_files import CARD_FILE, files_of_card
from echo_agent.errors import KnowledgeError
from echo_agent.files import replacing
from echo_agent.images.decoding import IMAGE_SUFFIXES
from echo_agent.memory.product import readable_name

FOLDER = "knowledge"
"""Folder of the memory in which the domain knowledge of all versions is kept, each set once."""

DOCUMENTS = frozenset({".md", ".txt", ".csv", ".pdf"})
"""Kinds of documents that can be cited."""

MAX_BYTES = 100 * 2**20

DomainKnowledge = Mapping[str, bytes]
"""Files by their path relative to the card's folder; the card is ``card.yaml``."""


def read_domain_knowledge(given: Path) -> DomainKnowledge:
    """Reads a card and what belongs to it.

    Args:
        given: The folder of a product's domain knowledge or the ``card.yaml`` in it: the folder's
            documents belong to it and the images that it names, see ``files_of_card``. Or a card of another name, which
            may lie among other things: to it belong the files beside it whose names it mentions.

    Raises:
        KnowledgeError: A file cannot be read, or all together are too large.
    """
    card = given / CARD_FILE if given.is_dir() else given
    try:
        text = card.read_bytes()
    except OSError as error:
        raise KnowledgeError(
            f"the knowledge card {card} cannot be read ({error.strerror}): check the path"
        ) from error
    beside = _of_the_folder(card.parent, text) if card.name == CARD_FILE else _mentioned(card, text)
    files = {CARD_FILE: text}
    for file in beside:
        try:
            files[file.relative_to(card.parent).as_posix()] = file.read_bytes()
        except OSError as error:
            raise KnowledgeError(
                f"{file} beside the knowledge card cannot be read ({error.strerror}): mend it or take it away"
            ) from error
        if sum(map(len, files.values())) > MAX_BYTES:
            raise KnowledgeError(
                f"what lies beside {card} is larger than {MAX_BYTES // 2**20} MiB: keep in that folder only what "
                "belongs to the product"
            )
    return files


def keep_domain_knowledge(files: DomainKnowledge, memory: Path, product: str) -> Path:
    """Keeps domain knowledge in a memory's folder, whole or not at all.

    Args:
        files: The files.
        memory: The memory's folder.
        product: Product that they are of, for the name of their folder.

    Returns:
        The card's file. Versions with the same domain knowledge share it.

    Raises:
        OSError: It cannot be written.
    """
    digest = sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\n{len(content)}\n".encode() + content)
    folder = memory / FOLDER / f"{readable_name(product)}-{digest.hexdigest()[:16]}"
    if not all(_holds(folder / name, content) for name, content in files.items()):
        fresh = folder.with_name(f".{uuid.uuid4().hex}.unfinished")
        try:
            for name, content in files.items():
                target = fresh / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with replacing(target, durable=True) as stream:
                    stream.write(content)
            shutil.rmtree(folder, ignore_errors=True)
            fresh.rename(folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return folder / CARD_FILE


def _holds(file: Path, content: bytes) -> bool:
    return file.is_file() and file.read_bytes() == content


def _of_the_folder(folder: Path, text: bytes) -> list[Path]:
    return [
        file
        for file in files_of_card(folder)
        if file.suffix.lower() in DOCUMENTS
        or (file.suffix.lower() in IMAGE_SUFFIXES and file.name.encode() in text)
    ]


def _mentioned(card: Path, text: bytes) -> list[Path]:
    return [
        file
        for file in sorted(card.parent.iterdir())
        if file.is_file() and file.suffix.lower() in DOCUMENTS | IMAGE_SUFFIXES and file.name.encode() in text
    ]
