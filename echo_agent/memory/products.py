"""The products of a memory: registered, changed, listed, gone back to."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from echo_agent.errors import ProductError
from echo_agent.images import stored
from echo_agent.images.depth import Depth
from echo_agent.images.ignored import Ignored
from echo_agent.images.in_memory import ImageLike
from echo_agent.images.photographs import Photographs
from echo_agent.images.policy import ImagePolicy
from echo_agent.images.wide import WideImage, depth_among
from echo_agent.memory import drafts, registration
from echo_agent.memory.answers import Feedback, answers, human_answer, now
from echo_agent.memory.answers import forget_learnt as forget_what_was_learnt
from echo_agent.memory.carrying import counted_photographs
from echo_agent.memory.catalog import history, named
from echo_agent.memory.database import Database
from echo_agent.memory.domain_knowledge import read_domain_knowledge
from echo_agent.memory.drafts import Draft
from echo_agent.memory.joint_scores import joined_map_unit
from echo_agent.memory.normal_model import Fitted, Resolution, fit, lies_at_any_angle
from echo_agent.memory.noted_photographs import stage
from echo_agent.memory.product import NamedEncoder, ProductRecord, SetBy
from echo_agent.memory.second_encoder import SecondEncoders
from echo_agent.memory.store import Also, Encoded, Store
from echo_agent.memory.tiles import fit_tiles
from echo_agent.memory.working_resolutions import FIRST, SECOND
from echo_agent.names import spelled
from echo_agent.state import ImageRef, Progress
from echo_agent.strictness import StrictnessSettings
from echo_agent.vision.features import FeatureEncoder
from echo_agent.vision.quality import fit_quality
from echo_agent.vision.reference_check import reference_remarks
from echo_agent.vision.tiles import Tiling, too_large_as_a_whole
from echo_agent.vision.views import EIGHTHS

LOG = logging.getLogger(__name__)

Tell = Callable[[str], None]


class Products:
    """The products of a memory, each with all its versions.

    Args:
        database: The memory's database.
        store: The memory's folder.
        encoder: What takes features from images.
        seconds: Opens the second encoders of products.
        policy: Bounds on the images that are given.
    """

    def __init__(
        self,
        database: Database,
        store: Store,
        encoder: FeatureEncoder,
        seconds: SecondEncoders,
        policy: ImagePolicy,
    ) -> None:
        self.folder = database.folder
        self.encoder = encoder
        self._seconds = seconds
        self._database = database
        self._store = store
        self._policy = policy

    def products(self) -> list[ProductRecord]:
        """All products, by name."""
        return self._store.catalog().records

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
        replace: bool = False,
        forget_learnt: bool = False,
        depth: str | None = None,
        recursive: bool = False,
        any_angle: bool | None = None,
        ignored: Ignored | None = None,
        tiles: int | None = None,
        progress: Progress | None = None,
        tell: Tell = LOG.warning,
    ) -> ProductRecord:
        """Registers a product from photographs of good parts; those of a product that there is are added.

        Args:
            product: Its name.
            images_or_folder: A folder of image files, images, or a single image that is no file.
            shots: How many references to take, chosen by ``seed``; all where not given.
            seed: Seed of that choice.
            knowledge: Knowledge card to keep with the product, or its folder, with the documents beside it.
            replace: Whether the photographs take the place of those that were registered before.
            forget_learnt: Whether what people's answers taught of the product is forgotten; else it stays.
            depth: Which values are black and white in photographs of more than 8 bits, such as ``12`` (bits) or
                ``0..1``; that of the photographs that they join, or found out over all that are given, where not said.
            recursive: Whether the photographs in the folders below are taken too.
            any_angle: Whether the part lies at any angle; found out from the references where it is not said.
            ignored: What of its photographs never counts; what was said before stays where it is not given.
            tiles: Side in pixels of the tiles that its photographs are looked at in, beside as a whole, 0 for none;
                what was said before stays where it is not given.
            progress: Called with the images done and their number.
            tell: Told, before the product stands, which photographs should be no references: empty ones, the same
                one twice, one that is unlike the others. A warning is logged where not given.

        Raises:
            ImageError: An image cannot be read, there is none, or their depth is open.
            ProductError: The name cannot be used, the product has another depth, or tiles are too small.
            KnowledgeError: The knowledge card, or a document beside it, cannot be read.
            StoreError: The memory cannot be written.
        """
        name = registration.check_name(product)
        registration.check_tiles(tiles)
        given = registration.given_images(name, images_or_folder, shots, recursive=recursive)
        domain_knowledge = None if knowledge is None else read_domain_knowledge(knowledge)
        there = registration.known_or_new(name, self._store.catalog().products)
        before = None if replace else there
        read_with = registration.depth_of(given, depth, before)
        chosen, names = dict[str, ImageRef](), dict[str, str]()
        drawn = None if shots is None else f"drawn from all {len(given)} by seed {seed}"

        def change(base: ProductRecord | None, answers: drafts.Answers) -> Draft:
            return drafts.registered(
                base,
                answers,
                list(chosen.values()),
                replace=replace,
                forget_learnt=forget_learnt,
                domain_knowledge=domain_knowledge,
                depth=read_with,
                drawn=drawn,
            )

        also = [partial(forget_what_was_learnt, product=name)] if forget_learnt else []

        def look(draft: Draft, fitted: Fitted) -> None:
            looked_at = {
                number: names[image.sha256]
                for number, image in enumerate(draft.references)
                if image.sha256 in names
            }
            found = fitted.resolution
            for remark in reference_remarks(
                Photographs(draft.references), looked_at, found.scores, found.groups
            ):
                tell(remark)
            if not (tiles or (tiles is None and there is not None and there.tiles)):
                for remark in too_large_as_a_whole([(one.width, one.height) for one in draft.references]):
                    tell(remark)

        with stage(self.folder) as place:
            for image in registration.in_order(given, shots, seed):
                ref = stored.store_image(image, place, self._policy, lambda _: read_with)
                chosen.setdefault(ref.sha256, ref)
                called = str(image) if isinstance(image, str | Path) else f"photograph {len(chosen)}"
                names.setdefault(ref.sha256, called)
                if len(chosen) == shots:
                    break
            return self._changed(
                name,
                change,
                also,
                progress=progress,
                any_angle=any_angle,
                ignored=ignored,
                tiles=tiles,
                look=look,
            )

    def add_references(self, product: str, added: Sequence[ImageLike]) -> ProductRecord:
        """Adds normal images to a product: a new version, calibrated anew."""
        depth_of = partial(self._depth_of, product)
        with stage(self.folder) as place:
            new = [stored.store_image(image, place, self._policy, depth_of) for image in added]
            return self.change(product, lambda base, answers: drafts.added(base, answers, new))

    def add_encoder(self, product: str, progress: Progress | None = None) -> ProductRecord:
        """Fits the second encoder to the references that a product has: a new version.

        Raises:
            EncoderError: The encoder cannot be loaded; the message tells how to get it.
            ProductError: The product is unknown.
        """
        second = self._seconds.added()
        name = self.product(product).name

        def change(base: ProductRecord | None, answers: drafts.Answers) -> Draft:
            return drafts.encoded_by(base or self.product(name), answers, second.name)

        return self._changed(name, change, progress=progress, second=second)

    def remove_references(self, product: str, digests: Sequence[str]) -> ProductRecord:
        """Removes references by digest: a new version, calibrated anew.

        Raises:
            ProductError: A digest is none of the product's, or no reference would be left.
        """
        return self.change(product, lambda base, answers: drafts.without(base, answers, digests))

    def history(self, product: str) -> list[ProductRecord]:
        """All versions of a product, newest first; the first is the one that counts.

        Raises:
            ProductError: The product is unknown.
        """
        return history(self._database, product)

    def restore(self, product: str, version: int) -> ProductRecord:
        """Makes an earlier version of a product count again, as a new one: calibrated anew from its references.

        Raises:
            ProductError: The product is unknown, or has no such version.
        """
        versions = {record.version: record for record in self.history(product)}
        if version not in versions:
            known = ", ".join(map(str, sorted(versions)))
            raise ProductError(f"{product} has no version {version} (there are {known}): name one of them")
        standing = {said.id for said in self.answers(product) if not (said.undone or said.forgotten)}
        earlier = versions[version]
        made = self._store.learnt_references(earlier).items()
        return self._changed(
            self.product(product).name,
            lambda *_: drafts.restored(earlier, {digest: said for digest, said in made if said in standing}),
            any_angle=earlier.any_angle,
            ignored=earlier.ignored,
            tiles=earlier.tiles or 0,
        )

    def set_ignored(self, product: str, ignored: Ignored, who: str = "") -> ProductRecord:
        """Draws what of a product's photographs never counts anew: a new version of the same references.

        Args:
            product: The product.
            ignored: The regions; ``Ignored()`` where all of them counts.
            who: Who says so; told by the version's origin.

        Raises:
            ProductError: The product is unknown, a name is too long, or a reference cannot be laid on the one that the
                regions are drawn on.
        """
        by = human_answer(action="accept", who=who.strip()).who
        name = self.product(product).name
        return self._changed(
            name,
            lambda base, answers: drafts.with_regions(base or self.product(name), answers, by),
            ignored=ignored,
        )

    def set_strictness(self, product: str, own: StrictnessSettings, who: str = "") -> ProductRecord:
        """Keeps how strict a product is inspected, in place of what was kept; ``StrictnessSettings()`` keeps nothing.

        It goes before its card, the environment and the default, and after what a run says; it stays when the product
        is registered again or restored.

        Args:
            product: The product.
            own: Its settings.
            who: Who says so; kept beside them with the time.

        Raises:
            ProductError: The product is unknown, or the person's name is too long.
            StoreError: The memory cannot be written.
        """
        by = human_answer(action="accept", who=who.strip()).who
        return self._store.set_strictness(product, own, SetBy(who=by, when=now()))

    def change(
        self,
        product: str,
        change: Callable[[ProductRecord, drafts.Answers], Draft],
        also: Sequence[Also] = (),
    ) -> ProductRecord:
        """Writes a version that is made from the one before; see ``drafts``.

        Args:
            product: The product.
            change: Makes the new version of the one before and of the answers that its learnt references come from;
                called again where another writer was faster.
            also: What else belongs to the transaction in which the version counts.

        Raises:
            ProductError: The product is unknown.
            StoreError: The memory cannot be written; then nothing has changed.
        """
        name = self.product(product).name
        return self._changed(name, lambda base, answers: change(base or self.product(name), answers), also)

    def answers(self, product: str | None = None) -> list[Feedback]:
        """What people said, oldest first; of one product where it is named."""
        if not self._database.exists():
            return []
        with self._database.reading() as connection:
            return answers(connection, self.folder, None if product is None else spelled(product))

    def note(self, *acts: Also) -> None:
        """Writes a change that touches no version, in one transaction; see ``answers``."""
        self._store.change(*acts)

    def remove(self, product: str) -> None:
        """Removes a product with all its versions. Its images stay where other products use them."""
        self._store.remove(product)

    def _depth_of(self, product: str | None, image: WideImage) -> Depth:
        """The depth that an image of a product is read with; of any one where none is named."""
        records = self.products() if product is None else [self.product(product)]
        return depth_among(image, [record.depth for record in records])

    def _changed(
        self,
        product: str,
        change: Callable[[ProductRecord | None, drafts.Answers], Draft],
        also: Sequence[Also] = (),
        *,
        progress: Progress | None = None,
        second: FeatureEncoder | None = None,
        any_angle: bool | None = None,
        ignored: Ignored | None = None,
        tiles: int | None = None,
        look: Callable[[Draft, Fitted], None] = lambda *_: None,
    ) -> ProductRecord:
        """Writes a version; begins anew when another writer was faster.

        Its second encoder is the one given, else that of the version before; of a new product, the usual one. What the
        card said of its photographs stays as well where nothing else is given. Before it is written, ``look`` looks at
        what was fitted.
        """
        while True:
            base = self._store.catalog().products.get(product)
            draft = change(base, {} if base is None else self._store.learnt_references(base))
            hidden = ignored if ignored is not None else base.ignored if base is not None else Ignored()
            photographs = counted_photographs(draft.references, hidden, self.encoder)
            beside = second or self._second_of(base)
            said = any_angle if any_angle is not None else base is not None and base.any_angle
            found = said or (beside is not None and lies_at_any_angle(photographs, beside))
            turns = EIGHTHS if found else None
            fitted = fit(photographs, self.encoder, FIRST[0].scale, angles=turns, progress=progress)
            look(draft, fitted)
            side = tiles if tiles is not None else base.tiles if base is not None else None
            encoded = Encoded(
                fitted,
                fit_quality(photographs),
                None if beside is None else _fit_second(photographs, beside, turns, fitted, progress),
                said,
                hidden,
                (side, self._fit_tiles(side, draft, photographs, fitted, progress)) if side else None,
            )
            written = self._store.write_version(product, base, draft, encoded, also)
            if written is not None:
                return written

    def _fit_tiles(
        self, side: int, draft: Draft, photographs: Photographs, first: Fitted, progress: Progress | None
    ) -> Resolution:
        """Fits what the tiles of the references look like, on the same groups and copies as the first look."""
        whole = first.resolution
        return fit_tiles(
            photographs,
            self.encoder,
            Tiling.of(side, [(image.width, image.height) for image in draft.references]),
            angles=whole.angles,
            groups=whole.groups,
            progress=progress,
        )

    def _second_of(self, base: ProductRecord | None) -> FeatureEncoder | None:
        if base is None:
            return self._seconds.of_new_products()
        return None if base.second is None else self._seconds.of(base)


def _fit_second(
    photographs: Photographs,
    encoder: FeatureEncoder,
    angles: Sequence[float] | None,
    first: Fitted,
    progress: Progress | None,
) -> tuple[NamedEncoder, Resolution]:
    """Fits the second encoder beside the first one, on the same groups of references."""
    groups = first.resolution.groups
    fitted = fit(photographs, encoder, SECOND[0].scale, angles=angles, groups=groups, progress=progress)
    unit = joined_map_unit(first.maps, fitted.maps)
    return NamedEncoder(name=encoder.name, id=encoder.id), replace(fitted.resolution, joint_map_unit=unit)
