"""The memory: register what normal looks like, and compare an image with it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from echo_agent.context import Encoders
from echo_agent.errors import EncoderError, ProductError, StoreError
from echo_agent.images import stored
from echo_agent.images.policy import USUAL, ImagePolicy
from echo_agent.memory.answers import Feedback
from echo_agent.memory.calibration import one_a_part
from echo_agent.memory.catalog import Catalog, existing, open_database, read_catalog
from echo_agent.memory.counting import Counting
from echo_agent.memory.database import Database
from echo_agent.memory.inspections import Inspections
from echo_agent.memory.kept_images import KeptImages
from echo_agent.memory.lots import judge_lot
from echo_agent.memory.missing_embeddings import fill_embeddings
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.retention import USUAL_LIMITS, Limits
from echo_agent.memory.second_encoder import AUTOMATIC, SecondEncoders
from echo_agent.memory.store import Store, make_folder
from echo_agent.state import CountedPlace, ImageRef, Label, LotEvidence, ReferenceEvidence
from echo_agent.strictness import Strictness
from echo_agent.vision.encoder import EMBEDDED, load_encoder
from echo_agent.vision.features import FeatureEncoder
from echo_agent.vision.own_encoder import Encoder, as_feature_encoder

Read = TypeVar("Read")

MAX_CONFIRMED = 60
"""Parts confirmed by people whose scores are taken: each is encoded anew where it was forgotten."""

TRIES = 3
"""How often a step is begun anew when another writer changed the product meanwhile."""


class Memory(KeptImages):
    """All references of all products, with their patches and calibration, in one folder.

    Made by ``Memory.open``. Reading is safe beside a writer; writers wait for each other.

    Examples:
        >>> from echo_agent import Memory
        >>> memory = Memory.open("plate-memory", create=True)
        >>> memory.register("plate", "photographs/good").name
        'plate'
        >>> [record.name for record in memory.products()]
        ['plate']

    Args:
        database: Its database, in its folder.
        catalog: Its products.
        encoder: What takes features from images.
        seconds: Opens the second encoders of products.
        limits: How much it keeps of inspections.
        policy: Bounds on the images that are given to it.
        chroma: Address of a Chroma server that holds its index; None keeps it in this process.
    """

    def __init__(
        self,
        database: Database,
        catalog: Catalog,
        encoder: FeatureEncoder,
        seconds: SecondEncoders,
        *,
        limits: Limits,
        policy: ImagePolicy = USUAL,
        chroma: str | None = None,
    ) -> None:
        super().__init__(
            database,
            Store(database, catalog, encoder, chroma),
            encoder,
            seconds,
            limits=limits,
            policy=policy,
        )
        self.inspections = Inspections(database)
        self._counting = Counting(encoder)

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        encoder: str | Encoder | None = None,
        second_encoder: str | Encoder = AUTOMATIC,
        create: bool = False,
        device: str = "auto",
        limits: Limits = USUAL_LIMITS,
        policy: ImagePolicy = USUAL,
        chroma: str | None = None,
    ) -> "Memory":
        """Opens a memory.

        Args:
            folder: Its folder.
            encoder: Encoder, itself or by name; that of the memory, or the embedded one for a new one, where not given.
            second_encoder: Second encoder of new products, itself or by name: ``auto`` is DINOv2-S beside the embedded
                encoder where it is installed, ``none`` is none. Those of products that there are stay.
            create: Whether to make the folder where there is none.
            device: Where an encoder that is given by name computes: ``auto``, ``cpu`` or ``cuda[:N]``.
            limits: How much it keeps of inspections.
            policy: Bounds on the images that are given to it.
            chroma: Address of a Chroma server that holds its index; None keeps it in this process.

        Raises:
            StoreError: There is no memory there, or the folder cannot be written.
            EncoderError: The memory was made with another encoder, or its encoder cannot be loaded.
        """
        place = Path(folder).expanduser().resolve()
        database = open_database(place)
        catalog = read_catalog(database) if create else existing(database)
        if encoder is None and catalog is not None:
            loaded = _encoder_of(catalog, place, device)
        else:
            chosen = encoder or EMBEDDED
            loaded = load_encoder(chosen, device) if isinstance(chosen, str) else as_feature_encoder(chosen)
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
        fill_embeddings(database, loaded)
        wanted = second_encoder if isinstance(second_encoder, str) else as_feature_encoder(second_encoder)
        seconds = SecondEncoders(wanted, loaded, lambda name: load_encoder(name, device))
        return cls(database, catalog, loaded, seconds, limits=limits, policy=policy, chroma=chroma)

    @property
    def encoder_name(self) -> str:
        """The name by which its encoder is loaded."""
        return self._store.encoder_name

    def is_gone(self) -> bool:
        """Whether its folder was deleted, or replaced by one without a catalog, since it was opened."""
        return self._store.is_gone()

    def evidence(
        self,
        image: ImageRef,
        product: str | None,
        *,
        encoders: Encoders = "retry",
        escalation_level: int = 0,
        shots: int = 4,
        strictness: Strictness = Strictness(),  # noqa: B008 (frozen)
    ) -> ReferenceEvidence:
        """Compares an image with a product's references.

        Args:
            image: The image.
            product: The product; the nearest one where not given.
            encoders: When the product's second encoder looks: in the ``retry``, at once (``both``), never (``first``)
                or alone (``second``).
            escalation_level: 0 for the first look, higher for finer ones, up to the finest there is.
            shots: How many references to retrieve.
            strictness: Wanted rates of false rejects and of escapes; the latter counts where there are confirmed
                defects enough.

        Returns:
            The evidence. Its ``product`` is None where none was given and none is near enough.

        Raises:
            ImageError: The image cannot be read.
            ProductError: The product is unknown.
            EncoderError: The second encoder is asked for, and the product has none or it is not installed.
        """
        for _ in range(TRIES):
            catalog = self._store.catalog()
            records = catalog.records
            if not records:
                raise ProductError(f"the memory in {self.folder} has no products: register one first")
            try:
                found = self._scorer.evidence(
                    image,
                    product,
                    records,
                    catalog.confirmed,
                    encoders=encoders,
                    escalation_level=escalation_level,
                    shots=shots,
                    strictness=strictness,
                )
            except FileNotFoundError as error:
                missing = error
                continue
            if self.products() == records:
                return found
            missing = FileNotFoundError("it is being changed")
        raise StoreError(
            f"the references in {self.folder} cannot be read ({missing}): inspect again, or run echo-agent doctor"
        ) from missing

    def recognised(self, image: ImageRef) -> str | None:
        """The product whose references an image resembles most; None where it resembles none.

        Raises:
            ImageError: The image cannot be read.
        """
        return self._while_it_stands(lambda: self._scorer.recognised(image, self.products()))

    def normal_scores(self, product: str) -> tuple[float, ...]:
        """Scores of a product's references at the first look, each against the others; empty for a single one.

        Raises:
            ProductError: The product is unknown.
        """
        return self._while_it_stands(lambda: self._scorer.first_normals(self.product(product)))

    def confirmed_scores(self, product: str) -> dict[Label, tuple[float, ...]]:
        """Scores at the first look of the newest parts that people called normal or defective, references left out.

        One a part, however many photographs show it; a photograph that is no longer there is left out.

        Raises:
            ProductError: The product is unknown.
        """
        return self._while_it_stands(lambda: self._confirmed_scores(self.product(product)))

    def _confirmed_scores(self, record: ProductRecord) -> dict[Label, tuple[float, ...]]:
        references = {image.sha256 for image in record.references}
        newest: dict[str, Feedback] = {}
        for said in reversed(self.answers(record.name)):
            if said.undone is None and said.image.sha256 not in references:
                newest.setdefault(said.image.sha256, said)
        parts = list(newest.values())[:MAX_CONFIRMED]
        scored = self._scorer.first_scores(record, parts)
        scores: dict[Label, tuple[float, ...]] = {}
        for label in ("normal", "defective"):
            found = {said.image: score for said, score in scored if said.label == label}
            scores[label] = one_a_part(
                self.parts(record.name, tuple(found)), found.values(), max if label == "normal" else min
            )
        return scores

    def parts(self, product: str, images: Sequence[ImageRef]) -> tuple[int, ...]:
        """The part that each of a product's photographs shows, by number: those that repeat each other show one.

        Raises:
            ImageError: A photograph cannot be read.
            ProductError: The product is unknown.
        """
        shown = self._while_it_stands(lambda: self._scorer.seen.parts(tuple(images), self.product(product)))
        return tuple(shown[image.sha256] for image in images)

    def reference_measures(self, product: str) -> dict[str, tuple[float, ...]]:
        """What the references of a product measure as photographs: values by name of the measure.

        Raises:
            ProductError: The product is unknown.
        """
        return self._while_it_stands(lambda: self._scorer.qualities.measured(self.product(product)))

    def reference_groups(self, product: str) -> tuple[int, ...]:
        """For each of a product's references the part that it shows: near-duplicates show one.

        The parts are numbered in the order of ``normal_scores``; empty for a single reference.

        Raises:
            ProductError: The product is unknown.
        """
        return self._while_it_stands(lambda: self._scorer.reference_groups(self.product(product)))

    def _while_it_stands(self, read: Callable[[], Read]) -> Read:
        """Reads what belongs to a version; anew where another writer replaced it meanwhile."""
        for _ in range(TRIES):
            try:
                return read()
            except FileNotFoundError as error:
                missing = error
        raise StoreError(
            f"the references in {self.folder} cannot be read ({missing}): ask again, or run echo-agent doctor"
        ) from missing

    def card(self, product: str) -> Path | None:
        """The knowledge card that was registered with a product.

        Raises:
            ProductError: The product is unknown.
            StoreError: The card, or a file beside it, is missing or not what was registered.
        """
        record = self.product(product)
        if record.card is None:
            return None
        card = self.folder / record.card
        self._scorer.files.check(record, card.parent)
        return card

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
            on = stored.store_image(drawn, self._leavings / "images", self._policy)
        else:
            known = {reference.sha256: reference for reference in record.references}
            if drawn not in known:
                raise ProductError(
                    f"the card of {product} draws places on a reference {drawn[:12]} that it does not have: "
                    "see echo-agent products --json, or put the photograph beside the card"
                )
            on = known[drawn]
        return self._counting.of(record, image, on, tuple(places))

    def judge_lot(
        self,
        images: Sequence[ImageRef],
        product: str | None,
        *,
        encoders: Encoders = "retry",
        shown: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, LotEvidence]:
        """Lets the parts of a lot judge each other, those of each product on their own.

        Args:
            images: Photographs of the parts.
            product: What they all are; found out for each where not given.
            encoders: Which encoders take part; ``retry`` is both.
            shown: The part that a photograph is a view of, by its digest, where that is known; photographs that repeat
                each other are taken for one part without it.

        Returns:
            What the lot says of each part, by the digest of its photograph; what resembles no product is left out.

        Raises:
            ImageError: A photograph cannot be read.
            ProductError: The product is unknown.
            EncoderError: The second encoder is asked for, and the product has none or it is not installed.
        """
        by_product: dict[str, list[ImageRef]] = {}
        for image in images:
            name = product if product is not None else self.recognised(image)
            if name is not None:
                by_product.setdefault(name, []).append(image)

        def judged(name: str) -> dict[str, LotEvidence]:
            known = {image.sha256: shown[image.sha256] for image in by_product[name] if image.sha256 in shown}
            return judge_lot(by_product[name], self.product(name), encoders, self._scorer, known)

        found = (self._while_it_stands(partial(judged, name)) for name in by_product)
        return {digest: said for of_product in found for digest, said in of_product.items()}

    def encode_ahead(self, chosen: Sequence[ImageRef], product: str | None = None) -> None:
        """Encodes images for their first look together, and measures their quality where their product is given.

        Args:
            chosen: The images; see ``SeenImages.encode_ahead``.
            product: What they all show.

        Raises:
            EchoError: As inspecting one of them would raise it.
        """
        self._scorer.look_ahead(chosen, None if product is None else self.product(product))

    def forget(self) -> None:
        """Drops what is kept of images that were looked at before, so that they are encoded anew."""
        self._scorer.forget()


def _encoder_of(catalog: Catalog, folder: Path, device: str) -> FeatureEncoder:
    """Loads the encoder that a memory was made with."""
    try:
        return load_encoder(catalog.encoder_name, device)
    except EncoderError as error:
        raise EncoderError(
            f"the encoder {catalog.encoder_name} that the memory in {folder} was made with cannot be loaded ({error}); "
            "an encoder of your own is given as an object: Memory.open(folder, encoder=...)"
        ) from error
