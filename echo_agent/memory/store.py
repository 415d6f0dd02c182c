"""What a memory's folder holds: versions of products on disk, and the catalog that makes one count."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from echo_agent.errors import EncoderError, StoreError
from echo_agent.files import UNFINISHED, digest_of, make_durable
from echo_agent.images import stored
from echo_agent.images.ignored import Ignored
from echo_agent.memory import registration
from echo_agent.memory.answers import forget_learnt
from echo_agent.memory.catalog import Catalog, named, read_catalog, read_generation
from echo_agent.memory.database import Database
from echo_agent.memory.domain_knowledge import FOLDER, keep_domain_knowledge
from echo_agent.memory.drafts import Draft
from echo_agent.memory.index import ReferenceIndex
from echo_agent.memory.normal_model import Fitted, Resolution
from echo_agent.memory.noted_photographs import dead_stages, left_behind, note
from echo_agent.memory.product import NamedEncoder, ProductRecord, SetBy, promised
from echo_agent.memory.version_record import write_version_record
from echo_agent.memory.versions import (
    add_version,
    cards,
    current_folders,
    embeddings_of,
    learnt_references,
    photographs,
    remove_versions,
    rewrite_record,
)
from echo_agent.memory.working_resolutions import FIRST, SECOND, TILES
from echo_agent.state import ImageRef
from echo_agent.strictness import StrictnessSettings
from echo_agent.vision.features import FeatureEncoder
from echo_agent.vision.quality import QualityModel

LOCK_SECONDS = 60.0

FORMER_INDEX = "index"
"""Folder in which an earlier Echo kept its index."""

Also = Callable[[sqlite3.Connection], None]
"""What belongs to an act and is written in its transaction."""


@dataclass(frozen=True)
class Encoded:
    """What was fitted to the references of a version.

    Attributes:
        fitted: By the memory's encoder.
        quality: How its photographs are.
        second: By the product's second encoder, with that encoder; None where it has none.
        any_angle: Whether its card says that it lies at any angle.
        ignored: What of its photographs never counts.
        tiled: In tiles of which side, with what was fitted to them; None where its photographs are not cut.
    """

    fitted: Fitted
    quality: QualityModel
    second: tuple[NamedEncoder, Resolution] | None = None
    any_angle: bool = False
    ignored: Ignored = field(default_factory=Ignored)
    tiled: tuple[int, Resolution] | None = None


class Store:
    """The versions of all products in one folder. Reading is safe beside a writer; writers wait for each other."""

    def __init__(
        self, database: Database, catalog: Catalog, encoder: FeatureEncoder, chroma: str | None = None
    ) -> None:
        self.folder = database.folder
        self.index = ReferenceIndex(partial(embeddings_of, database), chroma, encoder.id)
        self._database = database
        self._catalog = catalog
        self._encoder = encoder
        self._refreshing = threading.RLock()

    @property
    def encoder_name(self) -> str:
        """The name by which the memory's encoder is loaded."""
        return self._catalog.encoder_name

    def is_gone(self) -> bool:
        """Whether the folder was deleted, or replaced by one without a catalog, since it was opened."""
        written = self._catalog.generation > 0
        return not self.folder.is_dir() or (written and not self._database.file.exists())

    def catalog(self) -> Catalog:
        """What the memory knows now, other processes' changes included."""
        with self._refreshing:
            generation = read_generation(self._database)
            if generation is not None and generation != self._catalog.generation:
                self._take(read_catalog(self._database))
            return self._catalog

    def _take(self, catalog: Catalog | None) -> None:
        if catalog is None:
            return
        self._catalog = catalog
        self.index.keep({record.key for record in catalog.records})

    def learnt_references(self, record: ProductRecord) -> dict[str, str]:
        """The answers that a version's learnt references come from, by digest of the photograph."""
        if not record.learnt:
            return {}
        with self._database.reading() as connection:
            return learnt_references(connection, record.key)

    def write_version(
        self,
        product: str,
        base: ProductRecord | None,
        draft: Draft,
        encoded: Encoded,
        also: Sequence[Also] = (),
    ) -> ProductRecord | None:
        """Writes a new version beside the one before, then the transaction that makes it count.

        Args:
            product: Its name.
            base: The version that it comes after; None where there is none.
            draft: What it shall be.
            encoded: What was fitted to its references.
            also: What else belongs to the transaction.

        Returns:
            The version; None where another writer has replaced the one before.

        Raises:
            StoreError: The memory cannot be written; then nothing of the version is left.
        """
        with self._writing() as catalog:
            if catalog.products.get(product) != base:
                return None
            with self._removed_on_failure() as made:
                made.extend(self._database.make())
                copies = self._copied(draft.references, made)
                record = registration.make_record(
                    product,
                    base.version + 1 if base else 1,
                    catalog.generation + 1,
                    self._encoder,
                    second=None if encoded.second is None else encoded.second[0],
                    origin=draft.origin,
                    references=copies,
                    fitted=encoded.fitted,
                    any_angle=encoded.any_angle,
                    ignored=encoded.ignored,
                    tiles=None if encoded.tiled is None else encoded.tiled[0],
                    depth=draft.depth,
                    strictness=base.strictness if base else StrictnessSettings(),
                    strictness_by=base.strictness_by if base else None,
                )
                made.append(self.folder / record.folder)
                record, files = self._write_files(record, draft, encoded, made)
                with self._changing() as connection:
                    add_version(
                        connection,
                        self.folder,
                        record,
                        embeddings=encoded.fitted.embeddings,
                        files={file.relative_to(self.folder).as_posix(): digest_of(file) for file in files},
                        answers=draft.answers,
                    )
                    for act in also:
                        act(connection)
            self._seen_own_change()
            self._sweep()
        return self._catalog.products[product]

    def _write_files(
        self, record: ProductRecord, draft: Draft, encoded: Encoded, made: list[Path]
    ) -> tuple[ProductRecord, list[Path]]:
        """Writes the bank, the quality and the domain knowledge of a version; gives it with its card, and its files."""
        place, card = self.folder / record.folder, draft.card
        try:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            encoded.fitted.resolution.save(place / FIRST[0].file_name, record.key)
            if encoded.second is not None:
                encoded.second[1].save(place / SECOND[0].file_name, record.key)
            if encoded.tiled is not None:
                encoded.tiled[1].save(place / TILES[0].file_name, record.key)
            encoded.quality.save(place)
            if draft.domain_knowledge is not None:
                known = {*(self.folder / FOLDER).glob("*")}
                kept = keep_domain_knowledge(draft.domain_knowledge, self.folder, record.name)
                made += {kept.parent} - known
                card = kept.relative_to(self.folder).as_posix()
            record = record.model_copy(update={"card": card, "learnt": _learnt(draft)})
            write_version_record(self.folder, record, self._encoder.name)
            files = [file for file in place.iterdir() if file.is_file()]
            for file in files:
                make_durable(file)
        except OSError as error:
            raise StoreError(
                f"{self.folder} cannot be written ({error.strerror}): free space or rights"
            ) from error
        if card is not None:
            files += [file for file in (self.folder / card).parent.rglob("*") if file.is_file()]
        return record, files

    def _copied(self, images: Sequence[ImageRef], made: list[Path]) -> list[ImageRef]:
        """Copies photographs into the memory."""
        place, copies = self.folder / "images", []
        known = {image.sha256 for image in images if any(place.glob(f"{image.sha256}.*"))}
        made.append(note(self.folder, [image.sha256 for image in images if image.sha256 not in known]))
        for image in images:
            file = place / Path(stored.copy_image(image, place).uri).name
            if image.sha256 not in known:
                made.append(file)
            make_durable(file)
            copies.append(image.model_copy(update={"uri": str(file)}))
        return copies

    @contextmanager
    def _removed_on_failure(self) -> Iterator[list[Path]]:
        """Files and folders that go again where the act fails before its transaction has ended."""
        made: list[Path] = []
        try:
            yield made
        except BaseException as error:
            known = self._named()
            if self._database.file in made:
                self._database.close()
            for path in made:
                if path.relative_to(self.folder).as_posix() not in known:
                    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise StoreError(
                    f"{self.folder} cannot be written ({error.strerror}): free space or rights"
                ) from error
            raise

    def _named(self) -> set[str]:
        """The photographs and folders that the database names, relative to the memory; itself, where it is in use."""
        if not self._database.exists():
            return set()
        own = {file.name for file in self._database.files} if read_generation(self._database) else set()
        with self._database.reading() as connection:
            known = {Path(card).parent.as_posix() for card in cards(connection)}
            return own | known | photographs(connection) | current_folders(connection)

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is a change of the catalog."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO memory (one, encoder, encoder_name, generation) VALUES (1, ?, ?, 0) "
                "ON CONFLICT DO NOTHING",
                (self._encoder.id, self._encoder.name),
            )
            connection.execute("UPDATE memory SET generation = generation + 1")
            yield connection

    def change(self, *acts: Also) -> None:
        """Writes a change of the catalog that touches no version."""
        with self._changing() as connection:
            for act in acts:
                act(connection)

    def set_strictness(self, product: str, own: StrictnessSettings, by: SetBy) -> ProductRecord:
        """Keeps a product's own settings; its versions stay as they are.

        Raises:
            ProductError: There is none of that name.
        """
        with self._writing() as catalog:
            record = named(product, catalog.records)
            guarantee = promised(record.guarantee.normals, record.guarantee.photographs, own)
            changed = record.model_copy(
                update={"strictness": own, "strictness_by": by, "guarantee": guarantee}
            )
            try:
                with self._changing() as connection:
                    file = write_version_record(self.folder, changed, self._encoder.name)
                    name = file.relative_to(self.folder).as_posix()
                    rewrite_record(connection, self.folder, changed, {name: digest_of(file)})
            except OSError as error:
                raise StoreError(
                    f"{self.folder} cannot be written ({error.strerror}): free space or rights"
                ) from error
            self._seen_own_change()
        return changed

    def _seen_own_change(self) -> None:
        with self._refreshing:
            self._take(read_catalog(self._database))

    def _sweep(self) -> None:
        """Clears away what the catalog does not name: earlier versions' banks, and what killed writers left."""
        records = self._catalog.records
        with self._database.reading() as connection:
            known = {self.folder / card for card in cards(connection)}
            left = left_behind(connection, self.folder)
        named = {self.folder / record.folder for record in records} | {card.parent for card in known}
        folders = {*(self.folder / "products").glob("*"), *(self.folder / FOLDER).glob("*")} - named
        for folder in (*folders, *dead_stages(self.folder)):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (*left, *self.folder.glob(UNFINISHED)):
            if not file.is_dir():
                file.unlink(missing_ok=True)
        shutil.rmtree(self.folder / FORMER_INDEX, ignore_errors=True)

    def remove(self, product: str) -> None:
        """Removes a product with all its versions. Its images stay where other products use them.

        Raises:
            ProductError: There is none of that name.
        """
        with self._writing() as catalog:
            name = named(product, catalog.records).name
            with self._changing() as connection:
                forget_learnt(connection, name)
                spare = remove_versions(connection, name)
            self._seen_own_change()
            for file in spare:
                (self.folder / file).unlink(missing_ok=True)
            self._sweep()

    @contextmanager
    def _writing(self) -> Iterator[Catalog]:
        """Keeps other writers of versions waiting, and gives the catalog as it is until the end."""
        self._database.refuse_copy()
        make_folder(self.folder)
        try:
            with FileLock(self.folder / ".lock", timeout=LOCK_SECONDS):
                catalog = self.catalog()
                if catalog.encoder != self._encoder.id:
                    raise EncoderError(
                        f"the memory in {self.folder} was made with the encoder {catalog.encoder} meanwhile, not "
                        f"{self._encoder.id}: open it again"
                    )
                yield catalog
        except Timeout as error:
            raise StoreError(
                f"another process has been writing to {self.folder} for a minute: try again"
            ) from error
        except OSError as error:
            raise StoreError(
                f"{self.folder} cannot be written ({error.strerror}): free space or rights"
            ) from error


def _learnt(draft: Draft) -> tuple[str, ...]:
    return tuple(image.sha256 for image in draft.references if image.sha256 in draft.answers)


def make_folder(folder: Path) -> None:
    """Makes a memory's folder.

    Raises:
        StoreError: It cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written ({error.strerror}): choose another folder by --memory"
        ) from error
