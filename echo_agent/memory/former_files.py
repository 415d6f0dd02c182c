"""The files in which an earlier Echo kept a memory's catalog, answers and records: read once, then put aside."""

import logging
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from echo_agent.card_files import CARD_FILE
from echo_agent.errors import StoreError
from echo_agent.files import digest_of
from echo_agent.memory.answers import Feedback, add_answer
from echo_agent.memory.database import Database
from echo_agent.memory.domain_knowledge import FOLDER, keep_domain_knowledge, read_domain_knowledge
from echo_agent.memory.inspections import InspectionRecord, add_inspection
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.versions import add_version

CATALOG, ANSWERS, RECORDS = "catalog.json", "feedback.jsonl", "inspections"
ASIDE = "before-sqlite"
"""Folder in which they are kept afterwards."""

LOG = logging.getLogger(__name__)


class FormerCatalog(BaseModel):
    """The catalog as it was kept before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    generation: int = 0
    encoder: str
    encoder_name: str
    products: dict[str, ProductRecord] = {}


def take_over(database: Database) -> None:
    """Moves what lies in files into the database, in one transaction.

    Where it is cut off it is begun anew the next time.

    Raises:
        StoreError: A file cannot be read, or the database not be written.
    """
    folder = database.folder
    if not any((folder / name).exists() for name in (CATALOG, ANSWERS, RECORDS)):
        return
    try:
        with FileLock(folder / ".lock"):
            if not database.exists():
                catalog = _catalog(folder)
                if catalog is None:
                    return
                _write(database, catalog)
            _put_aside(folder)
    except OSError as error:
        raise StoreError(
            f"what an earlier Echo kept in {folder} cannot be moved into {database.file.name} ({error.strerror}): "
            "check the rights of the folder and its space"
        ) from error


def _write(database: Database, catalog: FormerCatalog) -> None:
    folder = database.folder
    said, records = _answers(folder), _records(folder)
    with database.writing() as connection:
        connection.execute(
            "INSERT INTO memory (one, encoder, encoder_name, generation) VALUES (1, ?, ?, ?)",
            (catalog.encoder, catalog.encoder_name, catalog.generation),
        )
        for given in catalog.products.values():
            record = _with_knowledge(given, folder)
            add_version(
                connection,
                folder,
                record,
                embeddings=None,
                files=_digests(record, folder),
                answers={
                    one.image.sha256: one.id
                    for one in said
                    if (one.product, one.learnt, one.undone) == (record.name, "reference", None)
                },
            )
        for one in said:
            add_answer(connection, folder, one)
        for inspection in records:
            add_inspection(connection, folder, inspection)


def _put_aside(folder: Path) -> None:
    aside = folder / ASIDE
    aside.mkdir(exist_ok=True)
    for name in (CATALOG, ANSWERS, RECORDS):
        if (folder / name).exists():
            (folder / name).rename(aside / name)


def _with_knowledge(record: ProductRecord, folder: Path) -> ProductRecord:
    """The version with its images where they lie now, and its card where cards of all versions are kept."""
    images = [
        image.model_copy(update={"uri": str(folder / "images" / Path(image.uri).name)})
        for image in record.references
    ]
    card = None
    if record.card is not None:
        given = folder / record.card
        files = (
            read_domain_knowledge(given) if given.parent.name == FOLDER else {CARD_FILE: given.read_bytes()}
        )
        kept = keep_domain_knowledge(files, folder, record.name)
        card = kept.relative_to(folder).as_posix()
    return record.model_copy(update={"references": tuple(images), "card": card})


def _digests(record: ProductRecord, folder: Path) -> dict[str, str]:
    found = [file for file in (folder / record.folder).glob("*") if file.is_file()]
    if record.card is not None:
        found += [file for file in (folder / record.card).parent.rglob("*") if file.is_file()]
    return {file.relative_to(folder).as_posix(): digest_of(file) for file in found}


def _catalog(folder: Path) -> FormerCatalog | None:
    file = folder / CATALOG
    if not file.exists():
        return None
    try:
        catalog = FormerCatalog.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise StoreError(
            f"{file} is no catalog of a memory: restore it, or register into a new folder"
        ) from error
    if catalog.format != 1:
        raise StoreError(f"{file} has format {catalog.format}, this Echo reads format 1: use the newer Echo")
    return catalog


def _answers(folder: Path) -> list[Feedback]:
    file = folder / ANSWERS
    if not file.exists():
        return []
    try:
        return [Feedback.model_validate_json(line) for line in file.read_bytes().splitlines() if line.strip()]
    except ValidationError as error:
        raise StoreError(f"{file} cannot be read as people's answers: restore it or move it away") from error


def _records(folder: Path) -> list[InspectionRecord]:
    """All records that can be read; one that cannot is told, and stays in its file."""
    found = []
    for file in sorted((folder / RECORDS).glob("*.json")):
        try:
            found.append(InspectionRecord.model_validate_json(file.read_bytes()))
        except ValidationError:
            LOG.warning("%s cannot be read as an inspection: it stays in %s", file, folder / ASIDE / RECORDS)
    return found
