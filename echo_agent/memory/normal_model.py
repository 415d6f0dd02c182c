"""What is normal for one product at one resolution: a patch bank, calibrated by leaving one reference out."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

import numpy as np
from PIL import Image

from echo_agent.memory.spooled import SpooledGrids
from echo_agent.vision.anomaly_map import image_score, standing_out
from echo_agent.vision.comparison import PatchBank, patch_distances, rarity
from echo_agent.vision.coreset import bounded_bank
from echo_agent.vision.features import Array, Encoder, Features
from echo_agent.vision.views import small_changes, turned_half

EFFORT_SCALES = (1.0, 1.25, 1.12)
"""Multiples of the encoder's working resolution; effort e looks at the first e + 1 of them."""

TURNING_GAIN = 0.003
"""Fall of the left-out references' scores from which copies turned by 180 degrees are kept as references too."""

TURNING_SAMPLE = 16
"""So many references tell whether the part lies either way."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Look:
    """What one resolution shows of an image: its score and its map, on the calibration's scale."""

    score: float
    anomaly_map: Array


@dataclass(frozen=True)
class Resolution:
    """The normal state at one resolution.

    Attributes:
        bank: Patches of the references.
        score_unit: Median score of the left-out references, which is score 1.
        map_unit: Highest value of the left-out references' maps, which is map value 1.
        scores: Score of each reference against the others; empty for a single reference.
        turned: Whether copies turned by 180 degrees are in the bank.
    """

    bank: PatchBank
    score_unit: float
    map_unit: float
    scores: tuple[float, ...]
    turned: bool

    def look(self, features: Features) -> Look:
        """Compares an image with the references."""
        raw = _compare(features.patches, self.bank, features.fine)
        return Look(raw.score / self.score_unit, np.maximum(raw.anomaly_map / np.float32(self.map_unit), 0))

    def save(self, file: Path) -> None:
        """Writes the resolution into a file, in one step."""
        written = file.with_suffix(f".{os.getpid()}.part")
        with written.open("wb") as stream:
            np.savez(
                stream,
                patches=self.bank.patches.astype(np.float16),
                owners=self.bank.owners,
                units=np.array([self.score_unit, self.map_unit]),
                scores=np.array(self.scores),
                turned=np.array(self.turned),
            )
        written.replace(file)

    @classmethod
    def load(cls, file: Path) -> "Resolution":
        """Reads the resolution that ``save`` wrote."""
        with np.load(file) as saved:
            score_unit, map_unit = (float(unit) for unit in saved["units"])
            return cls(
                bank=PatchBank(saved["patches"].astype(np.float32), saved["owners"]),
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
    with SpooledGrids() as grids:
        embeddings, fine = [], None
        for features in _encode(images, encoder, scale):
            grids.append(features.patches)
            embeddings.append(features.embedding)
            fine = features.fine
            if progress is not None:
                progress(len(grids), len(images))
        copies: list[Array] = []
        if len(images) > 1 and turned is not False:
            copies = _turned(images[:TURNING_SAMPLE], encoder, scale)
            turned = turned or turning_helps(list(islice(grids, TURNING_SAMPLE)), copies)
        views: Iterable[tuple[Array, int]] = zip(grids, range(len(grids)), strict=True)
        if turned:
            rest = _encode((turned_half(image) for image in images[TURNING_SAMPLE:]), encoder, scale)
            every_copy = chain(copies, (features.patches for features in rest))
            views = chain(views, zip(every_copy, range(len(grids)), strict=True))
        bank = bounded_bank(views)
        if len(grids) > 1:
            left_out = [_compare(grid, bank.without(owner), fine) for owner, grid in enumerate(grids)]
        else:
            changed = _encode(small_changes(images[0]), encoder, scale)
            left_out = [_compare(features.patches, bank, fine) for features in changed]
    return Fitted(_calibrated(bank, left_out, len(images), bool(turned)), np.stack(embeddings))


def _calibrated(bank: PatchBank, left_out: Sequence[Look], references: int, turned: bool) -> Resolution:
    """Takes the units from looks at the references, each beside the others, or at changed copies of a single one."""
    raw = np.array([look.score for look in left_out])
    score_unit = max(float(np.median(raw)), 1e-6)
    return Resolution(
        bank=bank,
        score_unit=score_unit,
        map_unit=max(1e-6, *(float(look.anomaly_map.max()) for look in left_out)),
        scores=tuple(float(score) for score in raw / score_unit) if references > 1 else (),
        turned=turned,
    )


def left_out_scores(resolutions: Sequence[Resolution]) -> tuple[float, ...]:
    """The references' scores as an inspection combines them: the mean over the resolutions it looks at."""
    return tuple(float(score) for score in np.mean([resolution.scores for resolution in resolutions], axis=0))


def turning_helps(grids: Sequence[Array], turned: Sequence[Array]) -> bool:
    """Whether copies turned by 180 degrees bring the references nearer to each other: then the part lies either way.

    Args:
        grids: Patch grids of at least two references.
        turned: Patch grids of their turned copies.

    Returns:
        True when the median of the left-out scores falls by at least ``TURNING_GAIN`` with the copies of the others.
    """
    plain = PatchBank.of(grids, range(len(grids)))
    both = PatchBank.of([*grids, *turned], [*range(len(grids)), *range(len(grids))])
    ratios = [
        image_score(patch_distances(grid, both.without(owner)).whole)
        / max(image_score(patch_distances(grid, plain.without(owner)).whole), 1e-6)
        for owner, grid in enumerate(grids)
    ]
    return float(np.median(ratios)) <= 1.0 - TURNING_GAIN


def _compare(grid: Array, bank: PatchBank, fine: int | None) -> Look:
    """A look in the unit of the distances, before calibration."""
    distances, rare = patch_distances(grid, bank, fine), rarity(grid)
    return Look(image_score(standing_out(distances.whole, rare)), standing_out(distances.fine, rare))


def _turned(images: Sequence[Image.Image], encoder: Encoder, scale: float) -> list[Array]:
    return [
        features.patches for features in _encode((turned_half(image) for image in images), encoder, scale)
    ]


def _encode(images: Iterable[Image.Image], encoder: Encoder, scale: float) -> Iterator[Features]:
    """Features with their patches rounded as they are stored: float16."""
    for image in images:
        features = encoder.encode([image], scale=scale)[0]
        yield replace(features, patches=features.patches.astype(np.float16))
