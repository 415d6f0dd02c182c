"""What a memory's folder holds: versions of products on disk, and the catalog that makes one count."""

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from filelock import FileLock, Timeout

from echo_agent.errors import ProductError, StoreError
from echo_agent.files import UNFINISHED
from echo_agent.images import stored
from echo_agent.memory import registration
from echo_agent.memory.catalog import catalog_state, read_catalog, write_catalog
from echo_agent.memory.domain_knowledge import DomainKnowledge, keep_domain_knowledge, kept_domain_knowledge
from echo_agent.memory.index import ReferenceIndex
from echo_agent.memory.normal_model import Fitted
from echo_agent.memory.product import Catalog, ProductRecord
from echo_agent.memory.resolutions import resolution_file
from echo_agent.names import canonical_name, spelled
from echo_agent.state import ImageRef
from echo_agent.vision.features import Encoder
from echo_agent.vision.quality import QualityModel

LOCK_SECONDS = 60.0


@dataclass(frozen=True)
class Encoded:
    """References and what was fitted to them."""

    references: tuple[ImageRef, ...]
    fitted: Fitted
    quality: QualityModel


class Store:
    """The versions of all products in one folder. Reading is safe beside a writer; writers wait for each other."""

    def __init__(self, folder: Path, catalog: Catalog, encoder: Encoder) -> None:
        self.folder = folder
        self.index = ReferenceIndex(folder / "index")
        self._catalog = catalog
        self._encoder = encoder
        self._refreshing = threading.RLock()
        self._seen: tuple[int, int, int] | None = None

    @property
    def encoder_name(self) -> str:
        """The name by which the memory's encoder is loaded."""
        return self._catalog.encoder_name

    def is_gone(self) -> bool:
        """Whether the folder was deleted, or replaced by one without a catalog, since it was opened."""
        written = self._catalog.generation > 0
        return not self.folder.is_dir() or (written and catalog_state(self.folder) is None)

    def products(self) -> list[ProductRecord]:
        """All products, by name, as they are now."""
        self._refresh()
        return self._catalog.records

    @overload
    def write_version(
        self, product: str, encoded: Encoded, *, domain_knowledge: DomainKnowledge | None = None
    ) -> ProductRecord: ...

    @overload
    def write_version(
        self, product: str, encoded: Encoded, *, base: ProductRecord
    ) -> ProductRecord | None: ...

    def write_version(
        self,
        product: str,
        encoded: Encoded,
        *,
        domain_knowledge: DomainKnowledge | None = None,
        base: ProductRecord | None = None,
    ) -> ProductRecord | None:
        """Writes a new version beside the old one, then replaces the catalog: the step that makes it count.

        With ``base`` only on top of that version: None where another writer has replaced it.
        """
        with self._writing():
            old = self._catalog.products.get(product)
            if base is not None and base != old:
                return None
            copies = [stored.copy_image(image, self.folder / "images") for image in encoded.references]
            record = registration.make_record(
                product,
                old.version + 1 if old else 1,
                self._catalog.generation + 1,
                self._encoder,
                references=copies,
                embeddings=encoded.fitted.embeddings,
                groups=encoded.fitted.resolution.groups,
            )
            place = self.folder / record.folder
            shutil.rmtree(place, ignore_errors=True)
            try:
                place.mkdir(parents=True)
                record = record.model_copy(update={"card": self._keep(record, old, domain_knowledge)})
                encoded.fitted.resolution.save(resolution_file(place, 0))
                encoded.quality.save(place)
            except OSError as error:
                raise StoreError(
                    f"{place} cannot be written ({error.strerror}): free space or rights"
                ) from error
            self.index.remove(record.key)
            self.index.add(record.key, [image.sha256 for image in copies], encoded.fitted.embeddings)
            self._commit({**self._catalog.products, product: record})
            self._sweep(old)
        return record

    def _keep(
        self, record: ProductRecord, old: ProductRecord | None, given: DomainKnowledge | None
    ) -> str | None:
        """Keeps the given domain knowledge, or that of the version before, in the new version's folder."""
        if given is None and old is not None and old.card is not None:
            given = kept_domain_knowledge(self.folder / old.card)
        if given is None:
            return None
        card = keep_domain_knowledge(given, self.folder / record.folder)
        return card.relative_to(self.folder).as_posix()

    def _sweep(self, old: ProductRecord | None) -> None:
        """Clears away what the catalog does not name: the old version, and what killed registrations left."""
        records = self._catalog.records
        for key in self.index.keys() - {record.key for record in records}:
            self.index.remove(key)
        named = {self.folder / record.folder for record in records}
        for folder in set((self.folder / "products").glob("*")) - named:
            shutil.rmtree(folder, ignore_errors=True)
        for unfinished in self.folder.glob(UNFINISHED):
            unfinished.unlink(missing_ok=True)
        used = {Path(image.uri).name for record in records for image in record.references}
        for image in old.references if old is not None else ():
            name = Path(image.uri).name
            if name not in used:
                (self.folder / "images" / name).unlink(missing_ok=True)

    def _commit(self, products: dict[str, ProductRecord]) -> None:
        changed = self._catalog.model_copy(
            update={"products": products, "generation": self._catalog.generation + 1}
        )
        write_catalog(self.folder, changed)
        self._catalog = changed

    def remove(self, product: str) -> None:
        """Removes a product. Its images stay where other products use them.

        Raises:
            ProductError: There is none of that name.
        """
        with self._writing():
            record = named(product, self.products())
            self._commit({name: kept for name, kept in self._catalog.products.items() if name != product})
            self._sweep(record)

    def _refresh(self) -> None:
        """Sees what another process has written since."""
        with self._refreshing:
            now = catalog_state(self.folder)
            if now is not None and now == self._seen:
                return
            catalog = read_catalog(self.folder)
            self._seen = now
            if catalog is not None and catalog.generation != self._catalog.generation:
                self._catalog = catalog
                self.index.reopen()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        make_folder(self.folder)
        try:
            with FileLock(self.folder / ".lock", timeout=LOCK_SECONDS):
                self._refresh()
                yield
        except Timeout as error:
            raise StoreError(
                f"another process has been writing to {self.folder} for a minute: try again"
            ) from error


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


def named(name: str, records: Sequence[ProductRecord]) -> ProductRecord:
    """The record of that name.

    Raises:
        ProductError: There is none; the message lists those that there are.
    """
    for record in records:
        if record.name == spelled(name):
            return record
    alike = [record.name for record in records if canonical_name(record.name) == canonical_name(name)]
    if alike:
        raise ProductError(f"unknown product {name!r}: it is registered as {alike[0]!r}")
    known = ", ".join(record.name for record in records) or "none yet"
    raise ProductError(f"unknown product {name!r} (registered: {known}): register it or correct the name")
