"""What is normal for one product at one resolution: a patch bank, calibrated by leaving one reference out."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
from PIL import Image

from echo_agent.memory.spooled import SpooledFeatures
from echo_agent.vision.comparison import PatchBank
from echo_agent.vision.coreset import bounded_banks
from echo_agent.vision.features import Array, Encoder, Features
from echo_agent.vision.levels import Look, compare, turning_helps
from echo_agent.vision.views import small_changes, turned_half

EFFORT_SCALES = (1.0, 1.25, 1.12)
"""Multiples of the encoder's working resolution; effort e looks at the first e + 1 of them."""

TURNING_SAMPLE = 16
"""So many references tell whether the part lies either way."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Resolution:
    """The normal state at one resolution.

    Attributes:
        banks: Patches of the references, a bank for each level of the encoder.
        score_unit: Median score of the left-out references, which is score 1.
        map_unit: Highest value of the left-out references' maps, which is map value 1.
        scores: Score of each reference against the others; empty for a single reference.
        turned: Whether copies turned by 180 degrees are in the banks.
    """

    banks: tuple[PatchBank, ...]
    score_unit: float
    map_unit: float
    scores: tuple[float, ...]
    turned: bool

    def look(self, features: Features) -> Look:
        """Compares an image with the references."""
        raw = compare(features, self.banks)
        return Look(raw.score / self.score_unit, np.maximum(raw.anomaly_map / np.float32(self.map_unit), 0))

    def save(self, file: Path) -> None:
        """Writes the resolution into a file, in one step."""
        written = file.with_suffix(f".{os.getpid()}.part")
        arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {
            "levels": np.array(len(self.banks)),
            "units": np.array([self.score_unit, self.map_unit]),
            "scores": np.array(self.scores),
            "turned": np.array(self.turned),
        }
        for level, bank in enumerate(self.banks):
            arrays |= {f"patches{level}": bank.patches.astype(np.float16), f"owners{level}": bank.owners}
        with written.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
        written.replace(file)

    @classmethod
    def load(cls, file: Path) -> "Resolution":
        """Reads the resolution that ``save`` wrote."""
        with np.load(file) as saved:
            score_unit, map_unit = (float(unit) for unit in saved["units"])
            return cls(
                banks=tuple(
                    PatchBank(saved[f"patches{level}"].astype(np.float32), saved[f"owners{level}"])
                    for level in range(int(saved["levels"]))
                ),
                score_unit=score_unit,
                map_unit=map_unit,
                scores=tuple(float(score) for score in saved["scores"]),
                turned=bool(saved["turned"]),
            )


@dataclass(frozen=True)
class Fitted:
    """A fitted resolution with the image embeddings ``(references, dimensions)`` that were found on the way."""

    resolution: Resolution
    embeddings: Array


def fit(
    images: Sequence[Image.Image],
    encoder: Encoder,
    scale: float,
    *,
    turned: bool | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Fits the normal state of a product at one resolution.

    Args:
        images: The references, RGB.
        encoder: The encoder.
        scale: Multiple of the encoder's working resolution.
        turned: Whether turned copies are references too; found out from the references where not given.
        progress: Called with the references encoded and their number.

    Returns:
        The resolution and the embeddings. With a single reference the units come from small changes of that image,
        and there are no scores.
    """
    with SpooledFeatures() as spooled:
        embeddings = []
        for features in _encode(images, encoder, scale):
            spooled.append(features)
            embeddings.append(features.embedding)
            if progress is not None:
                progress(len(spooled), len(images))
        copies: list[Features] = []
        if len(images) > 1 and turned is not False:
            copies = list(_encode(_turned(images[:TURNING_SAMPLE]), encoder, scale))
            sample = [_middle(features) for features in islice(spooled, TURNING_SAMPLE)]
            turned = turned or turning_helps(sample, [_middle(features) for features in copies])
        views: Iterable[Features] = spooled
        owners: Iterable[int] = range(len(spooled))
        if turned:
            rest = _encode(_turned(images[TURNING_SAMPLE:]), encoder, scale)
            views, owners = chain(views, copies, rest), chain(owners, owners)
        banks = bounded_banks(zip(map(_grids, views), owners, strict=True))
        if len(spooled) > 1:
            left_out = [
                compare(features, [bank.without(owner) for bank in banks])
                for owner, features in enumerate(spooled)
            ]
        else:
            changed = _encode(small_changes(images[0]), encoder, scale)
            left_out = [compare(features, banks) for features in changed]
    return Fitted(_calibrated(banks, left_out, len(images), bool(turned)), np.stack(embeddings))


def _calibrated(
    banks: tuple[PatchBank, ...], left_out: Sequence[Look], references: int, turned: bool
) -> Resolution:
    """Takes the units from looks at the references, each beside the others, or at changed copies of a single one."""
    raw = np.array([look.score for look in left_out])
    score_unit = max(float(np.median(raw)), 1e-6)
    return Resolution(
        banks=banks,
        score_unit=score_unit,
        map_unit=max(1e-6, *(float(look.anomaly_map.max()) for look in left_out)),
        scores=tuple(float(score) for score in raw / score_unit) if references > 1 else (),
        turned=turned,
    )


def left_out_scores(resolutions: Sequence[Resolution]) -> tuple[float, ...]:
    """The references' scores as an inspection combines them: the mean over the resolutions it looks at."""
    return tuple(float(score) for score in np.mean([resolution.scores for resolution in resolutions], axis=0))


def _turned(images: Iterable[Image.Image]) -> Iterator[Image.Image]:
    return (turned_half(image) for image in images)


def _grids(features: Features) -> tuple[Array, ...]:
    """What a bank holds of an image, a grid a level, rounded as it is stored."""
    return tuple(level.compared.astype(np.float16) for level in features.all_levels)


def _middle(features: Features) -> Array:
    """The patches that tell whether the part lies either way."""
    return features.levels[features.middle].compared.astype(np.float16)


def _encode(images: Iterable[Image.Image], encoder: Encoder, scale: float) -> Iterator[Features]:
    return (encoder.encode([image], scale=scale)[0] for image in images)
