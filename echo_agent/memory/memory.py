"""The memory: register what normal looks like, and compare an image with it."""

import threading
from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, cast

import numpy as np
from cachetools import LRUCache, cachedmethod
from PIL import Image

from echo_agent.errors import EncoderError, ImageError, ProductError, StoreError
from echo_agent.images import stored
from echo_agent.images.decoding import list_images
from echo_agent.images.in_memory import ImageLike, is_tensor
from echo_agent.images.photographs import Photographs
from echo_agent.images.policy import OWN, ImagePolicy
from echo_agent.memory import evidence, registration
from echo_agent.memory.answers import Feedback, confirmed_defects, read_answers
from echo_agent.memory.calibration import DEFAULT_ESCAPE
from echo_agent.memory.catalog import existing_catalog, read_catalog
from echo_agent.memory.counting import Counting
from echo_agent.memory.domain_knowledge import read_domain_knowledge
from echo_agent.memory.normal_model import ESCALATION_SCALES, fit, left_out_scores
from echo_agent.memory.product import Catalog, ProductRecord
from echo_agent.memory.retention import USUAL_LIMITS, Limits, Retention
from echo_agent.memory.scorer import Scorer
from echo_agent.memory.store import Encoded, Store, make_folder, named
from echo_agent.settings import process_settings
from echo_agent.state import CountedPlace, ImageRef, Progress, ReferenceEvidence
from echo_agent.vision.anomaly_map import at_size
from echo_agent.vision.encoder import EMBEDDED, load_encoder
from echo_agent.vision.features import Array, Encoder
from echo_agent.vision.quality import fit_quality

CACHED_EVIDENCE = 16
"""Several questions about one image share its evidence."""
TRIES = 3
"""How often a step is begun anew when another writer changed the product meanwhile."""


def _evidence_key(
    _: "Memory",
    image: ImageRef,
    product: str | None,
    records: Sequence[ProductRecord],
    confirmed: Sequence[Feedback],
    **options: float,
) -> Hashable:
    """What evidence depends on: the image, the settings, the versions and the confirmed defects."""
    state = (*(record.key for record in records), *(said.id for said in confirmed))
    return image, product, tuple(sorted(options.items())), state


class Memory:
    """All references of all products, with their patches and calibration, in one folder.

    Made by ``Memory.open``. Reading is safe beside a writer; writers wait for each other.

    Args:
        folder: Its folder.
        catalog: Its products.
        encoder: What takes features from images.
        limits: How much it keeps of inspections.
        policy: Bounds on the images that are given to it.
    """

    def __init__(
        self, folder: Path, catalog: Catalog, encoder: Encoder, limits: Limits, policy: ImagePolicy = OWN
    ) -> None:
        self.folder = folder
        self._policy = policy
        self.encoder = encoder
        self._store = Store(folder, catalog, encoder)
        self._evidence: LRUCache[tuple[object, ...], ReferenceEvidence] = LRUCache(CACHED_EVIDENCE)
        self._caching = threading.Lock()
        self._counting = Counting(encoder)
        self._retention = Retention(folder, limits)
        self._scorer = Scorer(folder, encoder, self._store.index, self._retention)

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        encoder: str | Encoder | None = None,
        create: bool = False,
        device: str = "auto",
        limits: Limits = USUAL_LIMITS,
        policy: ImagePolicy = OWN,
    ) -> "Memory":
        """Opens a memory.

        Args:
            folder: Its folder.
            encoder: Encoder, itself or by name; that of the memory, or the embedded one for a new one, where not given.
            create: Whether to make the folder where there is none.
            device: Where an encoder that is given by name computes: ``auto``, ``cpu`` or ``cuda[:N]``.
            limits: How much it keeps of inspections.
            policy: Bounds on the images that are given to it.

        Raises:
            StoreError: There is no memory there, or the folder cannot be written.
            EncoderError: The memory was made with another encoder, or its encoder cannot be loaded.
        """
        place = Path(folder).expanduser().resolve()
        catalog = read_catalog(place) if create else existing_catalog(place)
        if encoder is None and catalog is not None:
            loaded = _encoder_of(catalog, place, device)
        else:
            chosen = encoder or EMBEDDED
            loaded = load_encoder(chosen, device) if isinstance(chosen, str) else chosen
        if catalog is None:
            make_folder(place)
            catalog = Catalog(encoder=loaded.id, encoder_name=loaded.name)
        elif catalog.encoder != loaded.id:
            another = (
                "this version of Echo takes other features from it, so"
                if catalog.encoder_name == loaded.name
                else f"open it with --encoder {catalog.encoder_name}, or"
            )
            raise EncoderError(
                f"the memory in {place} was made with the encoder {catalog.encoder}, not {loaded.id}: "
                f"{another} register into a new folder"
            )
        return cls(place, catalog, loaded, limits, policy)

    @property
    def encoder_name(self) -> str:
        """The name by which its encoder is loaded."""
        return self._store.encoder_name

    def is_gone(self) -> bool:
        """Whether its folder was deleted, or replaced by one without a catalog, since it was opened."""
        return self._store.is_gone()

    def products(self) -> list[ProductRecord]:
        """All products, by name."""
        return self._store.products()

    def product(self, name: str) -> ProductRecord:
        """The product of that name.

        Raises:
            ProductError: There is none; the message lists those that there are.
        """
        return named(name, self.products())

    def register(
        self,
        product: str,
        images_or_folder: ImageLike | Sequence[ImageLike],
        *,
        shots: int | None = None,
        seed: int = 0,
        knowledge: Path | None = None,
        progress: Progress | None = None,
    ) -> ProductRecord:
        """Registers a product from photographs of good parts, replacing an earlier version of it.

        Args:
            product: Its name.
            images_or_folder: A folder of image files, images, or a single image that is no file.
            shots: How many references to take, chosen by ``seed``; all where not given.
            seed: Seed of that choice.
            knowledge: Knowledge card to keep with the product, or its folder, with the documents beside it.
            progress: Called with the images done and their number.

        Raises:
            ImageError: An image cannot be read, or there is none.
            ProductError: The name cannot be used.
            KnowledgeError: The knowledge card, or a document beside it, cannot be read.
            StoreError: The memory cannot be written.
        """
        name = registration.check_name(product)
        if isinstance(images_or_folder, str | Path):
            given: Sequence[ImageLike] = list_images(images_or_folder)
        elif _is_single(images_or_folder):
            given = [cast(ImageLike, images_or_folder)]
        else:
            given = list(cast(Sequence[ImageLike], images_or_folder))
        if not given:
            raise ImageError(f"no image of a normal {name} was given: at least one is needed")
        if shots is not None and shots < 1:
            raise ProductError(f"{shots} shots leave {name} without a reference: ask for at least 1")
        domain_knowledge = None if knowledge is None else read_domain_knowledge(knowledge)
        chosen: dict[str, ImageRef] = {}
        for image in registration.in_order(given, shots, seed):
            ref = self.store_image(image)
            chosen.setdefault(ref.sha256, ref)
            if len(chosen) == shots:
                break
        return self._store.write_version(
            name, self._encoded(list(chosen.values()), progress), domain_knowledge=domain_knowledge
        )

    def add_references(self, product: str, added: Sequence[ImageLike]) -> ProductRecord:
        """Adds normal images to a product: a new version, calibrated anew."""
        new = [self.store_image(image) for image in added]
        return self._change(
            product,
            lambda record: list({image.sha256: image for image in (*record.references, *new)}.values()),
        )

    def remove_references(self, product: str, digests: Sequence[str]) -> ProductRecord:
        """Removes references by digest: a new version, calibrated anew.

        Raises:
            ProductError: A digest is none of the product's, or no reference would be left.
        """
        gone = set(digests)

        def kept(record: ProductRecord) -> list[ImageRef]:
            unknown = gone - {image.sha256 for image in record.references}
            if unknown:
                raise ProductError(
                    f"{product} has no reference {sorted(unknown)[0]}: see echo-agent products --json"
                )
            left = [image for image in record.references if image.sha256 not in gone]
            if not left:
                raise ProductError(f"{product} would be left without references: remove the product instead")
            return left

        return self._change(product, kept)

    def remove(self, product: str) -> None:
        """Removes a product. Its images stay where other products use them."""
        self._store.remove(product)

    def evidence(
        self,
        image: ImageRef,
        product: str | None,
        *,
        escalation_level: int = 0,
        shots: int = 4,
        max_false_reject: float = registration.DEFAULT_FALSE_REJECT,
        max_escape: float = DEFAULT_ESCAPE,
    ) -> ReferenceEvidence:
        """Compares an image with a product's references.

        Args:
            image: The image.
            product: The product; the nearest one where not given.
            escalation_level: 0 for the first look, higher for finer ones, up to the finest there is.
            shots: How many references to retrieve.
            max_false_reject: Wanted expected false-reject rate.
            max_escape: Wanted expected escape rate; counts where there are confirmed defects enough.

        Returns:
            The evidence. Its ``product`` is None where none was given and none is near enough.

        Raises:
            ImageError: The image cannot be read.
            ProductError: The product is unknown.
        """
        for _ in range(TRIES):
            records = self.products()
            if not records:
                raise ProductError(f"the memory in {self.folder} has no products: register one first")
            confirmed = confirmed_defects(read_answers(self.folder))
            try:
                found = self._compared(
                    image,
                    product,
                    records,
                    confirmed,
                    escalation_level=min(escalation_level, len(ESCALATION_SCALES) - 1),
                    shots=shots,
                    max_false_reject=max_false_reject,
                    max_escape=max_escape,
                )
            except FileNotFoundError as error:
                missing = error
                continue
            if self.products() == records:
                return found
            missing = FileNotFoundError("it is being changed")
        raise StoreError(
            f"the references in {self.folder} cannot be read ({missing}): inspect again, or register anew"
        ) from missing

    @cachedmethod(attrgetter("_evidence"), _evidence_key, attrgetter("_caching"))
    def _compared(
        self,
        image: ImageRef,
        product: str | None,
        records: Sequence[ProductRecord],
        confirmed: Sequence[Feedback],
        /,
        **options: Any,
    ) -> ReferenceEvidence:
        return self._scorer.compare(image, product, records, confirmed, **options)

    def normal_scores(self, product: str) -> tuple[float, ...]:
        """Scores of a product's references at the first look, each against the others; empty for a single one.

        Raises:
            ProductError: The product is unknown.
        """
        for _ in range(TRIES):
            try:
                (resolution,) = self._scorer.resolutions.of(self.product(product), 1)
            except FileNotFoundError as error:
                missing = error
                continue
            return left_out_scores([resolution]) if resolution.scores else ()
        raise StoreError(
            f"the references in {self.folder} cannot be read ({missing}): ask again, or register anew"
        ) from missing

    def anomaly_map(self, map_id: str, size: tuple[int, int] | None = None) -> Array:
        """The calibrated anomaly map of an inspection: 1 is the highest that a left-out reference reached.

        Args:
            map_id: ``map_id`` of a verdict.
            size: Wanted width and height in pixels; the map's own grid where not given.

        Returns:
            ``(height, width)``, float32, at least 0.
        """
        grid = evidence.read_map(self.folder / "maps", map_id)
        return grid if size is None else at_size(grid, size)

    def store_image(self, image: ImageLike) -> ImageRef:
        """Makes an ``ImageRef``; what is no file yet is kept in the memory's folder under its digest.

        It is kept for as long as ``Settings.kept_images`` allows; see ``retention.tidy``.
        """
        ref, pixels = stored.open_image(image, self.folder / "images", self._policy)
        self._scorer.has_opened(ref, pixels)
        if not isinstance(image, str | Path):
            self._retention.wrote()
        return ref

    def keep(self, image: ImageRef) -> ImageRef:
        """Copies an image into the memory's folder, under its digest."""
        return stored.copy_image(image, self.folder / "images")

    def kept_image(self, digest: str) -> ImageRef:
        """The image that was stored in the memory's folder under its SHA-256.

        Raises:
            ImageError: There is none.
        """
        return stored.find_image(digest, self.folder / "images")

    def card(self, product: str) -> Path | None:
        """The knowledge card that was registered with a product."""
        record = self.product(product)
        return self.folder / record.card if record.card else None

    def count(
        self,
        image: ImageRef,
        product: str,
        places: Sequence[tuple[float, float, float, float]],
        drawn: Path | str,
    ) -> tuple[CountedPlace, ...]:
        """Tells of each place whether its thing is there, by the product's references.

        Args:
            image: The photograph.
            product: The product.
            places: Left, top, right and bottom of each place, from 0 to 1.
            drawn: The photograph that the places are drawn on: a file, or the digest of a reference.

        Raises:
            ImageError: A photograph cannot be read.
            ProductError: The product is unknown, or the digest is of none of its references.
        """
        record = self.product(product)
        if isinstance(drawn, Path):
            on = stored.store_image(drawn, self.folder / "images", self._policy)
        else:
            known = {reference.sha256: reference for reference in record.references}
            if drawn not in known:
                raise ProductError(
                    f"the card of {product} draws places on a reference {drawn[:12]} that it does not have: "
                    "see echo-agent products --json, or put the photograph beside the card"
                )
            on = known[drawn]
        return self._counting.of(record, image, on, tuple(places))

    def encode_ahead(self, chosen: Sequence[ImageRef]) -> None:
        """Encodes images for their first look together; see ``Scorer.encode_ahead``."""
        self._scorer.encode_ahead(chosen)

    def forget(self) -> None:
        """Drops what is kept of images that were looked at before, so that they are encoded anew."""
        self._scorer.forget()
        with self._caching:
            self._evidence.clear()

    def _encoded(self, chosen: Sequence[ImageRef], progress: Progress | None = None) -> Encoded:
        loaded = Photographs(chosen)
        fitted = fit(loaded, self.encoder, ESCALATION_SCALES[0], progress=progress)
        return Encoded(tuple(chosen), fitted, fit_quality(loaded))

    def _change(self, product: str, change: Callable[[ProductRecord], list[ImageRef]]) -> ProductRecord:
        """Writes a version with changed references; begins anew when another writer was faster."""
        while True:
            base = self.product(product)
            written = self._store.write_version(base.name, self._encoded(change(base)), base=base)
            if written is not None:
                return written


def _is_single(given: ImageLike | Sequence[ImageLike]) -> bool:
    """Whether this is one image, not several; an array or tensor of four axes is several."""
    if isinstance(given, np.ndarray) or is_tensor(given):
        return given.ndim <= 3
    return isinstance(given, Image.Image | bytes)


def _encoder_of(catalog: Catalog, folder: Path, device: str) -> Encoder:
    """Loads the encoder that a memory was made with."""
    try:
        return load_encoder(catalog.encoder_name, device)
    except EncoderError as error:
        raise EncoderError(
            f"the encoder {catalog.encoder_name} that the memory in {folder} was made with cannot be loaded ({error}); "
            "an encoder of your own is given as an object: Memory.open(folder, encoder=...)"
        ) from error


_OPENED: dict[str, Memory] = {}
_OPENING = threading.Lock()


def open_memory(folder: str, *, encoder: str | None = None, create: bool = False) -> Memory:
    """The memory of a folder by the settings of the process, opened once a process; see ``Memory.open``."""
    place = Path(folder).expanduser().resolve()
    settings = process_settings()
    with _OPENING:
        for gone in [other for other, memory in _OPENED.items() if memory.is_gone()]:
            del _OPENED[gone]
        known = _OPENED.get(str(place))
        if known is None or encoder not in {None, known.encoder_name}:
            known = Memory.open(
                place,
                encoder=encoder or (settings.encoder if create and read_catalog(place) is None else None),
                create=create,
                device=settings.device,
                limits=Limits(settings.kept_inspections, settings.kept_maps, settings.kept_images),
                policy=ImagePolicy.of(settings),
            )
            _OPENED[str(place)] = known
        return known
