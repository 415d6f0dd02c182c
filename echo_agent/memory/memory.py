"""The memory: register what normal looks like, and compare an image with it."""

import shutil
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from echo_agent.errors import EncoderError, ImageError, ProductError, StoreError
from echo_agent.memory import evidence, images, registration
from echo_agent.memory.catalog import read_catalog, write_catalog
from echo_agent.memory.index import ReferenceIndex
from echo_agent.memory.normal_model import EFFORT_SCALES, NormalModel, Progress, fit
from echo_agent.memory.product import Catalog, ProductRecord
from echo_agent.settings import process_settings
from echo_agent.state import ImageRef, ReferenceEvidence
from echo_agent.vision.anomaly_map import at_size
from echo_agent.vision.encoder import load_encoder
from echo_agent.vision.features import Array, Encoder, Features
from echo_agent.vision.image import ImageLike, list_images, load_image

CACHED_MODELS = 4
CACHED_FEATURES = 64
CACHED_EVIDENCE = 16
"""Several questions about one image share its evidence."""
NEIGHBOURS_FOR_PRODUCT = 32
LOCK_SECONDS = 60.0


class Memory:
    """All references of all products, with their patches and calibration, in one folder.

    Made by ``Memory.open``. Reading is safe beside a writer; writers wait for each other.
    """

    def __init__(self, folder: Path, catalog: Catalog, encoder: Encoder) -> None:
        self.folder = folder
        self.encoder = encoder
        self._catalog = catalog
        self._index = ReferenceIndex(folder / "index")
        self._models: OrderedDict[str, NormalModel] = OrderedDict()
        self._features: OrderedDict[tuple[str, float], Features] = OrderedDict()
        self._evidence: OrderedDict[tuple[object, ...], ReferenceEvidence] = OrderedDict()

    @classmethod
    def open(cls, folder: str | Path, *, encoder: str | None = None, create: bool = False) -> "Memory":
        """Opens a memory.

        Args:
            folder: Its folder.
            encoder: Encoder by name; that of the memory, or the process's for a new one, where not given.
            create: Whether to make the folder where there is none.

        Raises:
            StoreError: There is no memory there, or the folder cannot be written.
            EncoderError: The memory was made with another encoder.
        """
        place = Path(folder).expanduser().resolve()
        catalog = read_catalog(place)
        if catalog is None and not create:
            raise StoreError(
                f"{place} holds no memory: register a product first (echo-agent register PRODUCT DIR)"
            )
        name = encoder or (catalog.encoder_name if catalog else process_settings().encoder)
        loaded = load_encoder(name, process_settings().device)
        if catalog is None:
            _make_folder(place)
            catalog = Catalog(encoder=loaded.id, encoder_name=loaded.name)
        elif catalog.encoder != loaded.id:
            raise EncoderError(
                f"the memory in {place} was made with the encoder {catalog.encoder}, not {loaded.id}: "
                f"open it with --encoder {catalog.encoder_name}, or register into a new folder"
            )
        return cls(place, catalog, loaded)

    def products(self) -> list[ProductRecord]:
        """All products, by name."""
        self._refresh()
        return [self._catalog.products[name] for name in sorted(self._catalog.products)]

    def product(self, name: str) -> ProductRecord:
        """The product of that name.

        Raises:
            ProductError: There is none; the message lists those that there are.
        """
        self._refresh()
        if name not in self._catalog.products:
            known = ", ".join(sorted(self._catalog.products)) or "none yet"
            raise ProductError(
                f"unknown product {name!r} (registered: {known}): register it or correct the name"
            )
        return self._catalog.products[name]

    def register(
        self,
        product: str,
        images_or_folder: str | Path | Sequence[ImageLike],
        *,
        shots: int | None = None,
        seed: int = 0,
        knowledge: Path | None = None,
        progress: Progress | None = None,
    ) -> ProductRecord:
        """Registers a product from photographs of good parts, replacing an earlier version of it.

        Args:
            product: Its name.
            images_or_folder: A folder of image files, or images.
            shots: How many references to take, chosen by ``seed``; all where not given.
            seed: Seed of that choice.
            knowledge: Knowledge card to keep with the product.
            progress: Called with the images done and their number.

        Raises:
            ImageError: An image cannot be read, or there is none.
            ProductError: The name cannot be used.
            StoreError: The memory cannot be written.
        """
        name = registration.check_name(product)
        if isinstance(images_or_folder, str | Path):
            given: Sequence[ImageLike] = list_images(images_or_folder)
        else:
            given = images_or_folder
        if not given:
            raise ImageError(f"no image of a normal {name} was given: at least one is needed")
        if shots is not None and shots < 1:
            raise ProductError(f"{shots} shots leave {name} without a reference: ask for at least 1")
        chosen: dict[str, ImageRef] = {}
        for image in registration.in_order(given, shots, seed):
            ref = self.put_aside(image)
            chosen.setdefault(ref.sha256, ref)
            if len(chosen) == shots:
                break
        return self._write_version(name, list(chosen.values()), knowledge, progress)

    def add_references(self, product: str, added: Sequence[ImageLike]) -> ProductRecord:
        """Adds normal images to a product: a new version, calibrated anew."""
        record = self.product(product)
        known = {image.sha256: image for image in record.references}
        for image in added:
            ref = self.put_aside(image)
            known.setdefault(ref.sha256, ref)
        return self._write_version(record.name, list(known.values()), None, None)

    def remove_references(self, product: str, digests: Sequence[str]) -> ProductRecord:
        """Removes references by digest: a new version, calibrated anew.

        Raises:
            ProductError: A digest is none of the product's, or no reference would be left.
        """
        record = self.product(product)
        unknown = set(digests) - {image.sha256 for image in record.references}
        if unknown:
            raise ProductError(
                f"{product} has no reference {sorted(unknown)[0]}: see echo-agent products --json"
            )
        kept = [image for image in record.references if image.sha256 not in set(digests)]
        if not kept:
            raise ProductError(f"{product} would be left without references: remove the product instead")
        return self._write_version(record.name, kept, None, None)

    def remove(self, product: str) -> None:
        """Removes a product. Its images stay where other products use them."""
        with self._writing():
            record = self.product(product)
            self._commit({name: kept for name, kept in self._catalog.products.items() if name != product})
            self._index.remove(record.key)
            shutil.rmtree(self.folder / record.folder, ignore_errors=True)

    def evidence(
        self,
        image: ImageRef,
        product: str | None,
        *,
        effort: int = 0,
        shots: int = 4,
        max_false_reject: float = registration.DEFAULT_FALSE_REJECT,
    ) -> ReferenceEvidence:
        """Compares an image with a product's references.

        Args:
            image: The image.
            product: The product; the nearest one where not given.
            effort: 0 for the first look, higher for finer ones, up to the finest there is.
            shots: How many references to retrieve.
            max_false_reject: Wanted expected false-reject rate.

        Returns:
            The evidence. Its ``product`` is None where none was given and none is near enough.

        Raises:
            ImageError: The image cannot be read.
            ProductError: The product is unknown.
        """
        records = self.products()
        key = (image, product, effort, shots, max_false_reject, self._catalog.generation)
        if key not in self._evidence:
            self._evidence[key] = self._compare(
                image, product, records, effort=effort, shots=shots, max_false_reject=max_false_reject
            )
            if len(self._evidence) > CACHED_EVIDENCE:
                self._evidence.popitem(last=False)
        return self._evidence[key]

    def _compare(
        self,
        image: ImageRef,
        product: str | None,
        records: Sequence[ProductRecord],
        *,
        effort: int,
        shots: int,
        max_false_reject: float,
    ) -> ReferenceEvidence:
        if not records:
            raise ProductError(f"the memory in {self.folder} has no products: register one first")
        effort = min(effort, len(EFFORT_SCALES) - 1)
        given = self.product(product) if product is not None else None
        embedding = self._encode(image, EFFORT_SCALES[0]).embedding
        everywhere = self._index.nearest(
            embedding, [record.key for record in records], NEIGHBOURS_FOR_PRODUCT
        )
        matches = evidence.product_matches(everywhere, records)
        record = given or next((self.product(match.product) for match in matches if match.resembles), None)
        if record is None:
            return ReferenceEvidence(
                product=None, product_given=False, matches=matches, encoder=self.encoder.id
            )
        if given is not None and all(match.product != given.name for match in matches):
            matches += evidence.product_matches(self._index.nearest(embedding, [given.key], 1), [given])
        model = self._model(record)
        look = evidence.combine(
            [
                resolution.look(self._encode(image, scale).patches)
                for resolution, scale in zip(model.resolutions[: effort + 1], EFFORT_SCALES, strict=False)
            ]
        )
        described = evidence.describe(
            look, model, image=image, record=record, effort=effort, max_false_reject=max_false_reject
        )
        if described.map_id is not None:
            evidence.save_map(self.folder / "maps", described.map_id, look.anomaly_map)
        nearest = self._index.nearest(embedding, [record.key], shots)
        return described.model_copy(
            update={
                "product_given": given is not None,
                "matches": matches,
                "references": evidence.nearest_references(nearest, record),
            }
        )

    def anomaly_map(self, map_id: str, size: tuple[int, int] | None = None) -> Array:
        """The calibrated anomaly map of an inspection: 1 is the highest that a left-out reference reached.

        Args:
            map_id: ``map_id`` of a verdict.
            size: Wanted width and height in pixels; the patch grid where not given.

        Returns:
            ``(height, width)``, float32, at least 0.
        """
        grid = evidence.read_map(self.folder / "maps", map_id)
        return grid if size is None else at_size(grid, size)

    def put_aside(self, image: ImageLike) -> ImageRef:
        """Makes an ``ImageRef``; what is no file yet is kept in the memory's folder under its digest."""
        return images.put_aside(image, self.folder / "images")

    def card(self, product: str) -> Path | None:
        """The knowledge card that was registered with a product."""
        record = self.product(product)
        return self.folder / record.card if record.card else None

    def _encode(self, image: ImageRef, scale: float) -> Features:
        key = (image.sha256, scale)
        if key not in self._features:
            self._features[key] = self.encoder.encode([load_image(image.uri)], scale=scale)[0]
            if len(self._features) > CACHED_FEATURES:
                self._features.popitem(last=False)
        return self._features[key]

    def _model(self, record: ProductRecord) -> NormalModel:
        if record.key not in self._models:
            self._models[record.key] = NormalModel.load(self.folder / record.folder)
            if len(self._models) > CACHED_MODELS:
                self._models.popitem(last=False)
        self._models.move_to_end(record.key)
        return self._models[record.key]

    def _write_version(
        self,
        product: str,
        chosen: Sequence[ImageRef],
        knowledge: Path | None,
        progress: Progress | None,
    ) -> ProductRecord:
        """Writes a new version beside the old one, then replaces the catalog: the step that makes it count."""
        loaded = [load_image(image.uri) for image in chosen]
        fitted = fit(loaded, self.encoder, progress)
        with self._writing():
            old = self._catalog.products.get(product)
            version = old.version + 1 if old else 1
            copies = [images.copy_image(image, self.folder / "images") for image in chosen]
            record = registration.make_record(
                product, version, self.encoder, references=copies, embeddings=fitted.embeddings
            )
            place = self.folder / record.folder
            shutil.rmtree(place, ignore_errors=True)
            try:
                place.mkdir(parents=True)
                record = record.model_copy(update={"card": self._keep_card(record, old, knowledge)})
                fitted.model.save(place)
            except OSError as error:
                raise StoreError(
                    f"{place} cannot be written ({error.strerror}): free space or rights"
                ) from error
            self._index.remove(record.key)
            self._index.add(record.key, [image.sha256 for image in copies], fitted.embeddings)
            self._commit({**self._catalog.products, product: record})
            if old is not None:
                self._index.remove(old.key)
                shutil.rmtree(self.folder / old.folder, ignore_errors=True)
        self._models[record.key] = NormalModel.load(place)
        return record

    def _keep_card(
        self, record: ProductRecord, old: ProductRecord | None, knowledge: Path | None
    ) -> str | None:
        """Copies the given card, or the one of the version before, into the new version's folder."""
        source = knowledge or (self.folder / old.card if old and old.card else None)
        if source is None:
            return None
        target = f"{record.folder}/card.yaml"
        shutil.copyfile(source, self.folder / target)
        return target

    def _commit(self, products: dict[str, ProductRecord]) -> None:
        changed = self._catalog.model_copy(
            update={"products": products, "generation": self._catalog.generation + 1}
        )
        write_catalog(self.folder, changed)
        self._catalog = changed

    def _refresh(self) -> None:
        """Sees what another process has written since."""
        catalog = read_catalog(self.folder)
        if catalog is not None and catalog.generation != self._catalog.generation:
            self._catalog = catalog
            self._index.reopen()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        _make_folder(self.folder)
        try:
            with FileLock(self.folder / ".lock", timeout=LOCK_SECONDS):
                self._refresh()
                yield
        except Timeout as error:
            raise StoreError(
                f"another process has been writing to {self.folder} for a minute: try again"
            ) from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written ({error.strerror}): choose another folder by --memory"
        ) from error


_OPENED: dict[str, Memory] = {}


def open_memory(folder: str, *, encoder: str | None = None, create: bool = False) -> Memory:
    """The memory of a folder, opened once a process; see ``Memory.open``."""
    place = str(Path(folder).expanduser().resolve())
    known = _OPENED.get(place)
    if known is not None and known.folder.is_dir() and encoder in {None, known.encoder.name}:
        return known
    _OPENED[place] = Memory.open(place, encoder=encoder, create=create)
    return _OPENED[place]
