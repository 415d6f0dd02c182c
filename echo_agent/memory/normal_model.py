"""What is normal for one product at one resolution: a patch bank, calibrated by leaving one reference out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from echo_agent.files import replacing
from echo_agent.memory.feature_cache import FeatureCache
from echo_agent.state import Progress
from echo_agent.vision.border import UNRAISED, border_rise, evened
from echo_agent.vision.comparison import PatchBank
from echo_agent.vision.coreset import bounded_banks
from echo_agent.vision.feature_layers import Prediction, compare, nearer_by_copies, rotation_helps
from echo_agent.vision.features import Array, FeatureEncoder, Features
from echo_agent.vision.near_duplicates import near_duplicates
from echo_agent.vision.views import rotated, small_changes

ROTATION_SAMPLE = 8
"""So many references tell whether the part lies either way."""

HALF_TURN = (180.0,)

ANGLE_SAMPLE = 4
SAMPLE_ANGLES = (45.0, 90.0, 180.0, 270.0)
ANGLE_GAIN = 0.12
"""So many references tell by copies at these angles whether the part lies at any angle: by DINOv2-S their distances
fall by 15 to 17 % on a mesh that does, by 0 to 9 % on ten products that do not."""


@dataclass(frozen=True)
class Resolution:
    """The normal state at one resolution.

    Attributes:
        banks: Patches of the references, a bank for each layer of the encoder.
        score_unit: Median score of the left-out references, which is score 1.
        map_unit: Highest value of the left-out references' maps, which is map value 1.
        border: What is taken off a map near its border; see ``border_rise``.
        scores: Score of each reference against those of other parts; empty for a single part.
        groups: Group of each reference, from 0: those of one group show the same part; see ``near_duplicates``.
        angles: Angles of the rotated copies that are in the banks, in degrees.
        joint_map_unit: Of a second encoder's: highest value of the left-out references' maps by both encoders.
    """

    banks: tuple[PatchBank, ...]
    score_unit: float
    map_unit: float
    scores: tuple[float, ...]
    groups: tuple[int, ...]
    angles: tuple[float, ...]
    joint_map_unit: float = 1.0
    border: tuple[float, ...] = UNRAISED

    def predict(self, features: Features) -> Prediction:
        """Compares an image with the references."""
        return self.calibrated(compare(features, self.banks))

    def calibrated(self, raw: Prediction) -> Prediction:
        """Brings a prediction in the unit of the distances to the units of the left-out references."""
        drawn = evened(raw.anomaly_map, self.border) / np.float32(self.map_unit)
        return Prediction(raw.score / self.score_unit, np.maximum(drawn, 0))

    def save(self, file: Path, key: str) -> None:
        """Writes the resolution of a version into a file, in one step."""
        arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {
            "levels": np.array(len(self.banks)),
            "units": np.array([self.score_unit, self.map_unit]),
            "scores": np.array(self.scores),
            "groups": np.array(self.groups, dtype=np.int32),
            "angles": np.array(self.angles),
            "joint_map_unit": np.array(self.joint_map_unit),
            "border": np.array(self.border),
            "neighbours": np.array([bank.neighbours for bank in self.banks]),
            "key": np.array(key),
        }
        for layer, bank in enumerate(self.banks):
            arrays |= {
                f"patches{layer}": bank.patches.astype(np.float16),
                f"owners{layer}": bank.image_ids,
            }
        with replacing(file, durable=True) as stream:
            np.savez(stream, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, file: BinaryIO, key: str | None = None) -> "Resolution":
        """Reads the resolution that ``save`` wrote.

        Raises:
            ValueError: It is of another version than the one that is named.
        """
        with np.load(file) as saved:
            if key is not None and str(saved["key"]) != key:
                raise ValueError(f"it is of {saved['key']}")
            score_unit, map_unit = (float(unit) for unit in saved["units"])
            scores = tuple(float(score) for score in saved["scores"])
            neighbours = saved["neighbours"] if "neighbours" in saved else [1] * int(saved["levels"])
            return cls(
                banks=tuple(
                    PatchBank(
                        saved[f"patches{layer}"].astype(np.float32), saved[f"owners{layer}"], int(count)
                    )
                    for layer, count in enumerate(neighbours)
                ),
                score_unit=score_unit,
                map_unit=map_unit,
                scores=scores,
                groups=tuple(int(group) for group in saved["groups"])
                if "groups" in saved
                else tuple(range(len(scores))),
                angles=tuple(map(float, saved["angles"]))
                if "angles" in saved
                else HALF_TURN[: int(saved["turned"])],
                joint_map_unit=float(saved["joint_map_unit"]) if "joint_map_unit" in saved else 1.0,
                border=tuple(map(float, saved["border"])) if "border" in saved else UNRAISED,
            )


@dataclass(frozen=True)
class Fitted:
    """A fitted resolution with what was found on the way.

    Attributes:
        resolution: The resolution.
        embeddings: Image embeddings of the references ``(references, dimensions)``.
        maps: Calibrated maps of the left-out references; of changed copies where all references show one part.
    """

    resolution: Resolution
    embeddings: Array
    maps: tuple[Array, ...]


def fit(
    images: Sequence[Image.Image],
    encoder: FeatureEncoder,
    scale: float,
    *,
    angles: Sequence[float] | None = None,
    groups: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Fits the normal state of a product at one resolution.

    Args:
        images: The references, RGB.
        encoder: The encoder.
        scale: Multiple of the encoder's working resolution.
        angles: Angles of rotated copies that are references too; a half turn or none, found out, where not given.
        groups: Group of each reference, those of one group show the same part; found out where not given.
        progress: Called with the references encoded and their number.

    Returns:
        The resolution and the embeddings. Each reference is scored against those of other groups. Where all show one
        part the units come from small changes of the first image, and there are no scores.
    """
    with FeatureCache() as cached:
        embeddings = []
        for features in _encode(images, encoder, scale):
            cached.append(features)
            embeddings.append(features.embedding)
            if progress is not None:
                progress(len(cached), len(images))
        same = tuple(near_duplicates(images, np.stack(embeddings)) if groups is None else groups)
        copies: list[Features] = []
        if max(same) > 0 and angles is None:
            copies = list(_encode(rotated(images[:ROTATION_SAMPLE], *HALF_TURN), encoder, scale))
            sample = [_middle(features) for features in islice(cached, ROTATION_SAMPLE)]
            helps = rotation_helps(sample, [_middle(features) for features in copies], same[:ROTATION_SAMPLE])
            angles, copies = (HALF_TURN, copies) if helps else ((), [])
        views: Iterable[Features] = chain(cached, copies)
        image_ids: Iterable[int] = chain(same, same[: len(copies)])
        turns = tuple(angles or ()) if max(same) > 0 else ()
        for angle in turns:
            rest = slice(len(copies), None)
            views = chain(views, _encode(rotated(images[rest], angle), encoder, scale))
            image_ids = chain(image_ids, same[rest])
        bounded = bounded_banks(zip(map(patch_grids, views), image_ids, strict=True))
        layers = cached[0].all_layers
        banks = tuple(
            replace(bank, neighbours=layer.use.neighbours)
            for bank, layer in zip(bounded, layers, strict=True)
        )
        if max(same) > 0:
            left_out = [
                compare(features, [bank.without(group) for bank in banks])
                for group, features in zip(same, cached, strict=True)
            ]
        else:
            changed = _encode(small_changes(images[0]), encoder, scale)
            left_out = [compare(features, banks) for features in changed]
    resolution = calibrated(banks, left_out, same, turns)
    maps = tuple(resolution.calibrated(raw).anomaly_map for raw in left_out)
    return Fitted(resolution, np.stack(embeddings), maps)


def lies_at_any_angle(images: Sequence[Image.Image], encoder: FeatureEncoder) -> bool:
    """Whether the part lies at any angle: copies turned by several angles bring references near to each other.

    Args:
        images: References of different parts; the first ``ANGLE_SAMPLE`` tell, so that their number does not.
        encoder: An encoder whose features change as the part turns.
    """
    sample = images[:ANGLE_SAMPLE]
    if len(sample) < ANGLE_SAMPLE:
        return False
    grids = [_middle(features) for features in _encode(sample, encoder, 1.0)]
    turned = [
        [_middle(features) for features in _encode(rotated(sample, angle), encoder, 1.0)]
        for angle in SAMPLE_ANGLES
    ]
    return nearer_by_copies(grids, turned, range(len(grids))) <= 1.0 - ANGLE_GAIN


def calibrated(
    banks: tuple[PatchBank, ...],
    left_out: Sequence[Prediction],
    groups: tuple[int, ...],
    angles: tuple[float, ...],
) -> Resolution:
    """Takes the units of banks from looks at the references, each beside the others, or at changed copies of one.

    Args:
        banks: Patches of the references, a bank for each layer.
        left_out: What is seen of the references, or of the copies, in the unit of the distances.
        groups: Group of each reference, from 0.
        angles: Angles of the rotated copies that are in the banks.
    """
    raw = np.array([prediction.score for prediction in left_out])
    score_unit = max(float(np.median(raw)), 1e-6)
    border = border_rise([prediction.anomaly_map for prediction in left_out])
    return Resolution(
        banks=banks,
        score_unit=score_unit,
        map_unit=max(1e-6, *(float(evened(prediction.anomaly_map, border).max()) for prediction in left_out)),
        scores=tuple(float(score) for score in raw / score_unit) if max(groups) > 0 else (),
        groups=groups,
        angles=angles,
        border=border,
    )


def patch_grids(features: Features) -> tuple[Array, ...]:
    """What a bank holds of an image, a grid a layer, rounded as it is stored."""
    return tuple(layer.compared.astype(np.float16) for layer in features.all_layers)


def _middle(features: Features) -> Array:
    """The patches that tell whether the part lies either way."""
    return features.layers[features.middle].compared.astype(np.float16)


def _encode(images: Iterable[Image.Image], encoder: FeatureEncoder, scale: float) -> Iterator[Features]:
    return (encoder.encode([image], scale=scale)[0] for image in images)
