"""What the ways of comparing share: features, banks and distances are made once for those that count them otherwise."""

import hashlib
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.value_lines import code_digest
from benchmarks.variants import Change, Comparing, Variant, as_it_is
from echo_agent.files import replacing
from echo_agent.memory.feature_cache import FeatureCache
from echo_agent.memory.joint_scores import LEAST, join, joined_normals
from echo_agent.memory.normal_model import Resolution, calibrated, fit, lies_at_any_angle, patch_grids
from echo_agent.memory.working_resolutions import FIRST, SECOND, WorkingResolution
from echo_agent.vision.anomaly_map import at_size, image_score
from echo_agent.vision.coreset import MAX_PATCHES, bounded_banks
from echo_agent.vision.dinov2_small import USE
from echo_agent.vision.feature_layers import LayerDistances, Prediction, layer_distances, weigh
from echo_agent.vision.features import FeatureEncoder, Features
from echo_agent.vision.near_duplicates import near_duplicates
from echo_agent.vision.views import EIGHTHS, rotated, small_changes

WORKING = (FIRST[0], SECOND[0])
USUAL = 99
"""Percentile of a left-out reference's map that it is held against in place of its highest value."""

Seen = list[tuple[Features, tuple[LayerDistances, ...]]]


class KnownFeatures:
    """Encodes what it has not met before, and keeps all features (0.7 MB an image by the embedded encoder).

    Args:
        encoder: The encoder that does the work.
        folder: Where features are kept for the next run as well, for the same code alone: they carry how they count; in
            memory alone where not given.
    """

    def __init__(self, encoder: FeatureEncoder, folder: Path | None = None) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._known: dict[str, Features] = {}

    @property
    def id(self) -> str:
        """Id of the encoder that does the work."""
        return self._encoder.id

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Features]:
        """Encodes images, told apart by their size and pixels; see ``FeatureEncoder``."""
        return [self._one(image, scale) for image in images]

    def _one(self, image: Image.Image, scale: float) -> Features:
        told = f"{self.id} {code_digest('images', 'vision')} {scale} {image.size}".encode()
        key = hashlib.sha256(told + image.tobytes()).hexdigest()
        if key not in self._known:
            file = None if self._folder is None else self._folder / f"{key}.features"
            if file is not None and file.is_file():
                self._known[key] = pickle.loads(file.read_bytes())
            else:
                (self._known[key],) = self._encoder.encode([image], scale=scale)
                if file is not None:
                    with replacing(file) as stream:
                        pickle.dump(self._known[key], stream)
        return self._known[key]


class _Taken:
    """An encoder of whose features a variant takes a part."""

    def __init__(self, encoder: FeatureEncoder, taken: Change) -> None:
        self.name, self.id = encoder.name, encoder.id
        self._encoder, self._taken = encoder, taken

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Features]:
        return [self._taken(features) for features in self._encoder.encode(images, scale=scale)]


@dataclass(frozen=True)
class _Fit:
    """Banks of one encoder, and the distances of left-out references and tests from them."""

    resolution: Resolution
    left_out: Seen
    tests: Seen


class SharedFits:
    """One choice of references of one product, seen by any number of variants.

    Args:
        encoders: The encoders, the first one first; ``KnownFeatures`` where several choices share their work.
        references: The references, RGB.
        tests: The test images, RGB.
    """

    def __init__(
        self,
        encoders: Sequence[FeatureEncoder],
        references: Sequence[Image.Image],
        tests: Sequence[Image.Image],
    ) -> None:
        self._encoders, self._references, self._tests = encoders, references, tests
        self._fits: dict[tuple[int, Comparing, tuple[float, ...] | None], _Fit] = {}
        self._any_angle: bool | None = None
        self._same: tuple[int, ...] | None = None

    def predict(self, variant: Variant) -> tuple[tuple[float, ...], list[Prediction]]:
        """What a variant makes of the tests, at the first look.

        Returns:
            Joint scores of the left-out references, as ``joined_normals`` gives them, and a prediction for each test.
        """
        looks = [
            (WORKING[side], *self._by(side, how, variant.second is not None))
            for side, how in ((0, variant.first), (1, variant.second), (1, variant.beside))
            if how
        ]
        if variant.usual_unit:
            looks = [
                (at, resolution, *_in_usual_unit(tests, left_out))
                for at, resolution, tests, left_out in looks
            ]
        seen = [(at, resolution, tests) for at, resolution, tests, _ in looks]
        if len(seen) == 2 and variant.weight != 1.0:
            powers = (2 / (1 + variant.weight), 2 * variant.weight / (1 + variant.weight))
            seen = [_to_the_power(one, power) for one, power in zip(seen, powers, strict=True)]
        working = [at for at, _, _ in seen]
        together = zip(*(found for _, _, found in seen), strict=True)
        normals = joined_normals([resolution for _, resolution, _ in seen], working)
        joined = [_joined(list(both), working, variant) for both in together]
        if not variant.agreeing or not normals:
            return normals, joined
        _, resolutions, tests, left_out = zip(*looks, strict=True)
        return _with_agreement(variant.agreeing, resolutions, left_out, tests, joined)

    @property
    def rotated(self) -> bool:
        """Whether rotated copies serve as references in any fit so far."""
        return any(made.resolution.angles for made in self._fits.values())

    def _by(
        self, side: int, how: Comparing, with_second: bool
    ) -> tuple[Resolution, list[Prediction], list[Prediction]]:
        """What one encoder sees of tests and left-out references, in the units that this variant counts by."""
        angles: tuple[float, ...] | None = None if how.turning else ()
        if how.turning and with_second and self._lies_at_any_angle():
            angles = EIGHTHS
        made = self._fit(side, how, angles)
        left_out = [weigh(how.counted(features), distances) for features, distances in made.left_out]
        base = made.resolution
        resolution = calibrated(base.banks, left_out, base.groups, base.angles)
        tests = [weigh(how.counted(features), distances) for features, distances in made.tests]
        return resolution, list(map(resolution.calibrated, tests)), list(map(resolution.calibrated, left_out))

    def _lies_at_any_angle(self) -> bool:
        if self._any_angle is None:
            self._any_angle = lies_at_any_angle(self._references, self._encoders[1])
        return self._any_angle

    def _groups(self) -> tuple[int, ...]:
        """Which references show one part, as the first encoder finds it for both."""
        if self._same is None:
            seen = self._encoders[0].encode(self._references)
            embeddings = np.stack([features.embedding for features in seen])
            self._same = tuple(near_duplicates(self._references, embeddings))
        return self._same

    def _fit(self, side: int, how: Comparing, angles: tuple[float, ...] | None) -> _Fit:
        key = (side, replace(how, counted=as_it_is), angles)
        if key not in self._fits:
            encoder = self._encoders[side]
            eyes = encoder if how.taken is as_it_is else _Taken(encoder, how.taken)
            plain = replace(key[1], nearest=Comparing.nearest, shifts=0, bank=MAX_PATCHES)
            known = self._fits.get((side, plain, angles))
            resolution = (
                known.resolution
                if known is not None
                else fit(self._references, eyes, how.scale, angles=angles, groups=self._groups()).resolution
            )
            if how.bank != MAX_PATCHES:
                resolution = _with_other_banks(resolution, self._references, eyes, how)
            tests = (
                [averaged_over_shifts(image, eyes, how) for image in self._tests]
                if how.shifts
                else eyes.encode(self._tests, scale=how.scale)
            )
            self._fits[key] = _Fit(
                resolution,
                _left_out(self._references, eyes, how, resolution),
                [(features, layer_distances(features, resolution.banks, how.nearest)) for features in tests],
            )
        return self._fits[key]


def _with_other_banks(
    fitted: Resolution, references: Sequence[Image.Image], encoder: FeatureEncoder, how: Comparing
) -> Resolution:
    """Banks of another size."""
    groups = fitted.groups
    images = [(image, group) for image, group in zip(references, groups, strict=True)]
    images += [
        (image, group)
        for angle in fitted.angles
        for image, group in zip(rotated(references, angle), groups, strict=True)
    ]
    views = ((patch_grids(encoder.encode([image], scale=how.scale)[0]), group) for image, group in images)
    made = bounded_banks(views, how.bank)
    banks = tuple(
        replace(bank, neighbours=old.neighbours) for bank, old in zip(made, fitted.banks, strict=True)
    )
    return replace(fitted, banks=banks)


def averaged_over_shifts(image: Image.Image, encoder: FeatureEncoder, how: Comparing) -> Features:
    """Features of an image that is shifted below the stride, averaged place by place; the first layer alone."""
    step = how.shifts * max(image.size) / 336
    moved = [
        image.transform(image.size, Image.Transform.AFFINE, (1, 0, across * step, 0, 1, down * step))
        for across, down in ((-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5), (0.5, 0.5))
    ]
    found = encoder.encode(moved, scale=how.scale)
    together = np.mean([features.layers[0].patches for features in found], axis=0)
    together /= np.maximum(np.linalg.norm(together, axis=2, keepdims=True), 1e-12)
    return replace(found[0], layers=(replace(found[0].layers[0], patches=together),))


def _left_out(
    references: Sequence[Image.Image], encoder: FeatureEncoder, how: Comparing, fitted: Resolution
) -> Seen:
    """The references beside those of other groups, as ``fit`` sees them; changed copies where all show one part."""
    if max(fitted.groups) == 0:
        changed = encoder.encode(small_changes(references[0]), scale=how.scale)
        return [(features, layer_distances(features, fitted.banks, how.nearest)) for features in changed]
    with FeatureCache() as cached:
        for image in references:
            cached.append(
                averaged_over_shifts(image, encoder, how)
                if how.shifts
                else encoder.encode([image], scale=how.scale)[0]
            )
        return [
            (features, layer_distances(features, [bank.without(group) for bank in fitted.banks], how.nearest))
            for features, group in zip(cached, fitted.groups, strict=True)
        ]


def _to_the_power(
    one: tuple[WorkingResolution, Resolution, list[Prediction]], power: float
) -> tuple[WorkingResolution, Resolution, list[Prediction]]:
    """Scores to a power, by which they count more or less in the geometric mean."""
    at, resolution, found = one
    return (
        at,
        replace(resolution, scores=tuple(score**power for score in resolution.scores)),
        [replace(prediction, score=max(prediction.score, 0.0) ** power) for prediction in found],
    )


def _in_usual_unit(
    tests: Sequence[Prediction], left_out: Sequence[Prediction]
) -> tuple[list[Prediction], list[Prediction]]:
    """Predictions of tests and of left-out references with maps in the unit of what these usually reach."""
    usual = [np.percentile(np.maximum(one.anomaly_map, 0), USUAL) for one in left_out]
    unit = np.float32(max(float(np.median(usual)), LEAST))

    def scaled(found: Sequence[Prediction]) -> list[Prediction]:
        return [Prediction(one.score, one.anomaly_map / unit) for one in found]

    return scaled(tests), scaled(left_out)


def _with_agreement(
    weight: float,
    resolutions: Sequence[Resolution],
    left_out: Sequence[Sequence[Prediction]],
    tests: Sequence[Sequence[Prediction]],
    joined: Sequence[Prediction],
) -> tuple[tuple[float, ...], list[Prediction]]:
    """Scores with what both encoders see at one place as a third one, in the unit of the left-out references."""
    normals = [_agreement(both) for both in zip(*left_out, strict=True)]
    unit = float(np.median(normals))
    powers = 2 / (2 + weight), weight / (2 + weight)

    def third(score: float, agreed: float) -> float:
        return float(max(score, LEAST) ** powers[0] * max(agreed / unit, LEAST) ** powers[1])

    shared = replace(
        resolutions[0],
        scores=tuple(
            third((ours * theirs) ** 0.5, agreed)
            for ours, theirs, agreed in zip(*(one.scores for one in resolutions), normals, strict=True)
        ),
    )
    found = [
        Prediction(third(one.score, _agreement(both)), one.anomaly_map)
        for one, both in zip(joined, zip(*tests, strict=True), strict=True)
    ]
    return joined_normals([shared], WORKING[:1]), found


def _agreement(predictions: Sequence[Prediction]) -> float:
    """The mean of the worst two patches of the geometric mean of both maps, on the grid of the second."""
    first, second = (np.maximum(one.anomaly_map, 0) for one in predictions)
    rows, columns = second.shape
    same = Image.fromarray(first).resize((columns, rows), Image.Resampling.BOX)
    return image_score(np.sqrt(np.asarray(same) * second), USE.top_k_share)


def _joined(
    predictions: Sequence[Prediction], working: Sequence[WorkingResolution], variant: Variant
) -> Prediction:
    """Both encoders' predictions together, the map drawn as the variant wants it."""
    made = join(predictions, working)
    if len(predictions) < 2 or variant.map_weight == 0.5:
        return made
    rows, columns = made.anomaly_map.shape
    first, second = (at_size(one.anomaly_map, (columns, rows)) for one in predictions)
    weight = variant.map_weight
    drawn = np.sqrt(first * second) if weight is None else (1 - weight) * first + weight * second
    return Prediction(made.score, np.asarray(drawn, dtype=np.float32))
