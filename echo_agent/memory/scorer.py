"""What is seen of images beside the references, the last of it kept."""

import threading
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path

from cachetools import LRUCache, cachedmethod

from echo_agent.context import Encoders
from echo_agent.errors import ImageError
from echo_agent.images.ignored import NOTHING
from echo_agent.memory import evidence
from echo_agent.memory.answers import Feedback
from echo_agent.memory.calibration import escape_guarantee, normals_needed, one_a_part, pass_threshold
from echo_agent.memory.catalog import named
from echo_agent.memory.checked_photographs import CheckedPhotographs
from echo_agent.memory.damage import damaged
from echo_agent.memory.database import Database
from echo_agent.memory.exemplars import nearest_exemplars, unusual_place
from echo_agent.memory.index import Neighbour, ReferenceIndex
from echo_agent.memory.joint_scores import join, join_tiles, joined_normals
from echo_agent.memory.normal_model import Resolution
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.quality import Qualities
from echo_agent.memory.resolutions import Resolutions
from echo_agent.memory.retention import Retention
from echo_agent.memory.second_encoder import SecondEncoders
from echo_agent.memory.seen_images import SeenImages
from echo_agent.memory.tiles import predict_tiles
from echo_agent.memory.version_files import VersionFiles
from echo_agent.memory.working_resolutions import (
    FIRST,
    TILES,
    Level,
    WorkingResolution,
    brings_second,
    escalation_levels,
    first_look,
)
from echo_agent.state import Exemplar, ImageQuality, ImageRef, ProductMatch, Reference, ReferenceEvidence
from echo_agent.strictness import Strictness
from echo_agent.vision.feature_layers import Prediction
from echo_agent.vision.features import Array, FeatureEncoder, Features
from echo_agent.vision.side_by_side import side_by_side

CACHED_EVIDENCE = 16
"""Several questions about one image share its evidence."""
CACHED_PLACES = 256
CACHED_SCORES = 4096
NEIGHBOURS_FOR_PRODUCT = 32

NOT_CARRIED = "it cannot be laid on the photograph that the regions of the product are drawn on"


def _evidence_key(
    _: "Scorer",
    image: ImageRef,
    product: str | None,
    records: Sequence[ProductRecord],
    confirmed: Sequence[Feedback],
    **options: Hashable,
) -> Hashable:
    """What evidence depends on: the image, the settings, the versions and the confirmed defects."""
    state = (*(record.key for record in records), *(said.id for said in confirmed))
    return image, product, tuple(sorted(options.items())), state


class Scorer:
    """Looks at images beside the references of one memory.

    Args:
        database: The memory's database.
        encoder: Its encoder.
        seconds: Opens the second encoders of its products.
        index: Embeddings of its references.
        maps: Folder that anomaly maps go into.
        retention: What bounds the maps that are kept.
    """

    def __init__(
        self,
        database: Database,
        encoder: FeatureEncoder,
        seconds: SecondEncoders,
        index: ReferenceIndex,
        *,
        maps: Path,
        retention: Retention,
    ) -> None:
        self.folder = folder = database.folder
        self.encoder = encoder
        self.seen = SeenImages(encoder)
        self._seconds = seconds
        self.files = files = VersionFiles(database)
        self.resolutions = Resolutions(folder, files, encoder)
        self._checked = CheckedPhotographs()
        self._index = index
        self._maps = maps
        self._retention = retention
        self.qualities = Qualities(folder, files)
        self._caching = threading.Lock()
        self._places: LRUCache[tuple[str, str], Array] = LRUCache(CACHED_PLACES)
        self._tiled: LRUCache[tuple[str, str], Prediction] = LRUCache(CACHED_EVIDENCE)
        self._evidence: LRUCache[Hashable, ReferenceEvidence] = LRUCache(CACHED_EVIDENCE)
        self._confirmed_scores: LRUCache[tuple[str, str, Level], float] = LRUCache(CACHED_SCORES)

    def forget(self) -> None:
        """Drops what is kept of images that were looked at before, so that they are encoded anew."""
        self.seen.forget()
        with self._caching:
            for cache in (self._places, self._confirmed_scores, self._tiled, self._evidence):
                cache.clear()

    def recognised(self, image: ImageRef, records: Sequence[ProductRecord]) -> str | None:
        """The product whose references an image resembles most; None where it resembles none."""
        return _resembled(evidence.product_matches(self._neighbours(image, records), records))

    def _neighbours(
        self, image: ImageRef, records: Sequence[ProductRecord], given: ProductRecord | None = None
    ) -> Sequence[Neighbour]:
        """The references of all products that are nearest to an image.

        Those of a product of whose photographs not all counts are held against what counts of this one.
        """
        embedding = self.seen.first(image, NOTHING).embedding
        found = self._index.nearest(embedding, [record.key for record in records], NEIGHBOURS_FOR_PRODUCT)
        keys = {near.key for near in found}
        for record in records:
            if record.ignored and (record is given or record.key in keys):
                found = [near for near in found if near.key != record.key]
                found += self._own_nearest(image, record, NEIGHBOURS_FOR_PRODUCT)
        return sorted(found, key=lambda near: -near.similarity)

    def _own_nearest(self, image: ImageRef, record: ProductRecord, count: int) -> list[Neighbour]:
        """The references of one product that are nearest to what counts of an image."""
        return self._index.nearest(
            self.seen.first(image, self.seen.counting(image, record)).embedding, [record.key], count
        )

    @cachedmethod(attrgetter("_evidence"), _evidence_key, attrgetter("_caching"))
    def evidence(
        self,
        image: ImageRef,
        product: str | None,
        records: Sequence[ProductRecord],
        confirmed: Sequence[Feedback],
        /,
        *,
        encoders: Encoders,
        escalation_level: int,
        shots: int,
        strictness: Strictness,
    ) -> ReferenceEvidence:
        """Compares an image with the products of one state of the catalog.

        Args:
            image: The image.
            product: The product; the nearest one where not given.
            records: The products.
            confirmed: Confirmed defects, of any product.
            encoders: Which encoders take part, and when.
            escalation_level: Which level of the escalation; the highest where there are fewer.
            shots: How many references to retrieve.
            strictness: Wanted expected rates.

        Raises:
            FileNotFoundError: Another writer has replaced the version meanwhile.
        """
        given = named(product, records) if product is not None else None
        if given is not None and not given.ignored:  # else where the regions lie comes first
            both: tuple[Callable[[], object], ...]
            both = partial(self.seen.first, image, NOTHING), partial(self._quality, image, given)
            side_by_side(both)
        everywhere = self._neighbours(image, records, given)
        matches = evidence.product_matches(everywhere, records)
        resembled = _resembled(matches)
        record = given or (named(resembled, records) if resembled is not None else None)
        if record is None:
            return ReferenceEvidence(
                product=None,
                product_given=False,
                matches=matches,
                encoder=self.encoder.id,
                strictness=strictness,
            )
        if given is not None and all(match.product != given.name for match in matches):
            matches += evidence.product_matches(self._own_nearest(image, given, 1), [given])
        lost: list[str] = []
        tiled = record.tiles is not None
        levels = escalation_levels(encoders, self.has_second(record, encoders), tiled)
        level = min(escalation_level, len(levels) - 1)
        working = self._fitted(record, levels[level], lost)
        prediction = self._predict(image, record, working)
        described = evidence.describe(
            prediction,
            joined_normals(self.resolutions.of(record, working), working),
            image=image,
            record=record,
            escalation_level=level,
            strictness=strictness,
        ).model_copy(
            update={
                "last_level": len(levels) - 1,
                "next_encoder": record.second.name
                if brings_second(levels, level) and record.second
                else None,
                "ignored": self.seen.counting(image, record).share((image.width, image.height)),
                "joint": len({at.second for at in working}) > 1 and not tiled,
                "seen_by": tuple(self._seen_by(record, at) for at in working),
                "map_id": f"{image.sha256[:24]}-{record.key}-e{level}" + _manner(encoders, record),
            }
        )
        if described.map_id is not None:
            evidence.save_map(self._maps, described.map_id, prediction.anomaly_map)
            self._retention.wrote()
        defects = [said for said in confirmed if said.product == record.name and self._is_there(said, lost)]
        known, max_escape = {said.image.sha256: said for said in reversed(defects)}, strictness.max_escape
        needed = normals_needed(max_escape)
        images = tuple(said.image for said in known.values() if len(known) >= needed)
        shown = self.seen.parts(images, record)
        others = {one: part for one, part in shown.items() if part != shown.get(image.sha256)}
        enough = len(set(others.values())) >= needed
        every = (self._score_of(known[one], record, working) for one in others if enough)
        scores = one_a_part(others.values(), every, min)
        return described.model_copy(
            update={
                "pass_threshold": pass_threshold(scores, max_escape),
                "escape_guarantee": escape_guarantee(len(scores), max_escape) if scores else None,
                "product_given": given is not None,
                "matches": matches,
                "references": self._nearest(image, everywhere, record, shots, lost),
                "exemplars": self._exemplars(image, record, defects),
                "quality": self._quality(image, record),
                "lost": tuple(lost),
            }
        )

    def look_ahead(self, images: Sequence[ImageRef], record: ProductRecord | None) -> None:
        """Encodes images for their first look, and measures their quality where their product is given."""
        self.seen.encode_ahead(images)
        if record is not None:
            side_by_side([partial(self._quality, image, record) for image in images])

    def _quality(self, image: ImageRef, record: ProductRecord) -> ImageQuality:
        """Whether what counts of an image can be judged: not where it is not known what does."""
        hidden = self.seen.counting(image, record)
        found = self.qualities.of(record, image, lambda image: hidden.painted(self.seen.read(image)))
        if self.seen.hidden(image, record) is not None:
            return found
        return found.model_copy(update={"acceptable": False, "findings": (*found.findings, NOT_CARRIED)})

    def has_second(self, record: ProductRecord, encoders: Encoders, /) -> bool:
        """Whether a product has a second encoder; where it is asked for it must have one."""
        if encoders in {"both", "second"}:
            self._seconds.of(record)
        return record.second is not None

    def _seen_by(self, record: ProductRecord, at: WorkingResolution) -> str:
        name = record.second.name if at.second and record.second is not None else self.encoder.name
        return f"{name} in tiles of {record.tiles} px" if at.tiled else f"{name} at {at.scale:g}"

    def _fitted(self, record: ProductRecord, working: Level, lost: list[str]) -> Level:
        """What of a level can be looked at: what a missing reference keeps from being fitted is left out, and told."""
        try:
            self.resolutions.of(record, working)
        except ImageError as error:
            told = f"Finer looks are left out, as a reference cannot be read ({error})"
            lost.append(damaged(self.folder, told))
            return tuple(at for at in working if at not in FIRST[1:])
        return working

    def _nearest(
        self,
        image: ImageRef,
        everywhere: Sequence[Neighbour],
        record: ProductRecord,
        shots: int,
        lost: list[str],
    ) -> tuple[Reference, ...]:
        """The nearest references; one whose photograph is missing or damaged is left out, and told.

        They are asked for only where too few of them are among the nearest of all products.
        """
        of_product = [neighbour for neighbour in everywhere if neighbour.key == record.key][:shots]
        if len(of_product) < min(shots, len(record.references)):
            of_product = self._own_nearest(image, record, shots)
        found = evidence.nearest_references(of_product, record)
        readable = []
        for near in found:
            try:
                self._checked.check(near.image)
                readable.append(near)
            except ImageError as error:
                lost.append(damaged(self.folder, f"Reference {near.id} cannot be shown ({error})"))
        return tuple(readable)

    def _is_there(self, said: Feedback, lost: list[str]) -> bool:
        """Whether the photograph of a confirmed defect can be read; told where it cannot."""
        try:
            self._checked.check(said.image)
        except ImageError as error:
            lost.append(damaged(self.folder, f"The confirmed defect {said.id} takes no part ({error})"))
            return False
        return True

    def reference_groups(self, record: ProductRecord, /) -> tuple[int, ...]:
        """For each reference the part that it shows, from 0 in the order of ``first_normals``; empty for one part."""
        (resolution,) = self.resolutions.of(record, FIRST[:1])
        numbers = {group: number for number, group in enumerate(dict.fromkeys(resolution.groups))}
        return tuple(numbers[group] for group in resolution.groups) if resolution.scores else ()

    def features(self, image: ImageRef, record: ProductRecord, at: WorkingResolution, /) -> Features:
        """The features of an image as a look at a product sees it."""
        encoder = self._seconds.of(record) if at.second else self.encoder
        return self.seen.encode(image, encoder, at.scale, self.seen.counting(image, record))

    def stands_out(self, image: ImageRef, record: ProductRecord, working: Level, /) -> bool:
        """Whether an image scores higher than all references of a product, at these looks together."""
        looks = (*TILES, *working) if record.tiles is not None else working
        normals = joined_normals(self.resolutions.of(record, looks), looks)
        return bool(normals) and self._predict(image, record, looks).score > max(normals)

    def _predict(self, image: ImageRef, record: ProductRecord, working: Level) -> Prediction:
        fitted = self.resolutions.of(record, working)
        looks = [(one, at) for one, at in zip(fitted, working, strict=True) if not at.tiled]
        found = [resolution.predict(self.features(image, record, at)) for resolution, at in looks]
        both = len({at.second for _, at in looks}) > 1
        unit = next((resolution.joint_map_unit for resolution, at in looks if at.second), 1.0)
        whole = join(found, [at for _, at in looks], unit if both else 1.0)
        if record.tiles is None:
            return whole
        return join_tiles(whole, self._tiles(image, record), fitted, working)

    @cachedmethod(
        attrgetter("_tiled"), lambda _, image, record: (image.sha256, record.key), attrgetter("_caching")
    )
    def _tiles(self, image: ImageRef, record: ProductRecord) -> Prediction:
        """What the tiles of an image show; kept, as each level of the escalation looks at them."""
        (resolution,), tiling = self.resolutions.of(record, TILES), record.tiling
        assert tiling is not None
        return predict_tiles(
            self.seen.counting(image, record).painted(self.seen.read(image)), resolution, self.encoder, tiling
        )

    @cachedmethod(
        attrgetter("_confirmed_scores"),
        lambda _, said, record, working: (said.image.sha256, record.key, working),
        attrgetter("_caching"),
    )
    def _score_of(self, said: Feedback, record: ProductRecord, working: Level) -> float:
        """The score of a confirmed part at the looks that an image gets."""
        return self._predict(said.image, record, working).score

    def first_scores(self, record: ProductRecord, parts: Sequence[Feedback]) -> list[tuple[Feedback, float]]:
        """Scores of confirmed parts at the first look; those whose photograph cannot be read are left out."""
        look = first_look(record.tiles is not None)
        return [(said, self._score_of(said, record, look)) for said in parts if self._is_there(said, [])]

    def first_normals(self, record: ProductRecord) -> tuple[float, ...]:
        """Scores of a product's references at the first look, each against the others."""
        look = first_look(record.tiles is not None)
        return joined_normals(self.resolutions.of(record, look), look)

    def _exemplars(
        self, image: ImageRef, record: ProductRecord, own: Sequence[Feedback]
    ) -> tuple[Exemplar, ...]:
        """The nearest confirmed defects of the product."""
        if not own:
            return ()
        (resolution,) = self.resolutions.of(record, FIRST[:1])
        return nearest_exemplars(
            self._place(image, record, resolution),
            resolution.banks[self.seen.first(image, self.seen.counting(image, record)).middle].patches,
            own,
            lambda said: self._place(said.image, record, resolution),
        )

    @cachedmethod(
        attrgetter("_places"),
        lambda _, image, record, resolution: (image.sha256, record.key),
        attrgetter("_caching"),
    )
    def _place(self, image: ImageRef, record: ProductRecord, resolution: Resolution) -> Array:
        """The patches of an image's most unusual place, on the first look."""
        features = self.seen.first(image, self.seen.counting(image, record))
        middle = features.layers[features.middle].patches
        return unusual_place(middle, resolution.predict(features).anomaly_map)


def _resembled(matches: Sequence[ProductMatch]) -> str | None:
    return next((match.product for match in matches if match.resembles), None)


def _manner(encoders: Encoders, record: ProductRecord) -> str:
    """What tells the maps of one level apart that are seen by other encoders."""
    return "" if encoders == "retry" or record.second is None else f"-{encoders}"
