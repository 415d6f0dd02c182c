"""What is normal for one product: patch banks at several resolutions, calibrated by leaving one reference out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from echo_agent.vision.anomaly_map import image_score, smooth
from echo_agent.vision.comparison import PatchBank, patch_distances
from echo_agent.vision.features import Array, Encoder
from echo_agent.vision.views import small_changes, turned_half

EFFORT_SCALES = (1.0, 1.25, 1.5)
"""Multiples of the encoder's working resolution; effort e looks at the first e + 1 of them."""

TURNING_GAIN = 0.003
"""Fall of the left-out references' scores from which copies turned by 180 degrees are kept as references too."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Look:
    """What one resolution shows of an image: its score and its smoothed map, on the calibration's scale."""

    score: float
    anomaly_map: Array


@dataclass(frozen=True)
class Resolution:
    """The normal state at one resolution.

    Attributes:
        bank: Patches of the references.
        score_unit: Median score of the left-out references, which is score 1.
        map_unit: Largest smoothed patch distance of the left-out references, which is map value 1.
    """

    bank: PatchBank
    score_unit: float
    map_unit: float

    def look(self, grid: Array) -> Look:
        """Compares the patches ``(rows, columns, channels)`` of an image with those of the references."""
        distances = patch_distances(grid, self.bank)
        return Look(image_score(distances) / self.score_unit, smooth(distances) / self.map_unit)


@dataclass(frozen=True)
class NormalModel:
    """The normal state of a product.

    Attributes:
        resolutions: One entry an effort.
        normal_scores: For each effort, the scores of the references, each against the others; empty for one reference.
    """

    resolutions: tuple[Resolution, ...]
    normal_scores: tuple[tuple[float, ...], ...]

    def save(self, folder: Path) -> None:
        """Writes the model into a folder."""
        for effort, resolution in enumerate(self.resolutions):
            np.savez(
                folder / f"bank-{effort}.npz",
                patches=resolution.bank.patches.astype(np.float16),
                owners=resolution.bank.owners,
                units=np.array([resolution.score_unit, resolution.map_unit]),
                normal_scores=np.array(self.normal_scores[effort]),
            )

    @classmethod
    def load(cls, folder: Path) -> "NormalModel":
        """Reads the model that ``save`` wrote."""
        resolutions, normal_scores = [], []
        for effort in range(len(EFFORT_SCALES)):
            with np.load(folder / f"bank-{effort}.npz") as saved:
                bank = PatchBank(saved["patches"].astype(np.float32), saved["owners"])
                resolutions.append(Resolution(bank, *(float(unit) for unit in saved["units"])))
                normal_scores.append(tuple(float(score) for score in saved["normal_scores"]))
        return cls(tuple(resolutions), tuple(normal_scores))


@dataclass(frozen=True)
class Fitted:
    """A fitted model with the image embeddings ``(references, dimensions)`` that were found on the way."""

    model: NormalModel
    embeddings: Array


def fit(images: Sequence[Image.Image], encoder: Encoder, progress: Progress | None = None) -> Fitted:
    """Fits the normal state of a product.

    Args:
        images: The references, RGB.
        encoder: The encoder.
        progress: Called with the encodings done and their number.

    Returns:
        The model and the embeddings. With a single reference its units come from small changes of that image, and
        it has no scores.
    """
    total = len(images) * len(EFFORT_SCALES)
    turned = turned_half(images)
    use_turned = False
    resolutions: list[Resolution] = []
    scores: list[Array] = []
    embeddings: list[Array] = []
    for effort, scale in enumerate(EFFORT_SCALES):
        grids, found = _encode(images, encoder, scale, progress, done=effort * len(images), total=total)
        if effort == 0:
            embeddings = found
            copies, _ = _encode(turned, encoder, scale)
            use_turned = len(images) > 1 and turning_helps(grids, copies)
        elif use_turned:
            copies, _ = _encode(turned, encoder, scale)
        views = grids if not use_turned else [*grids, *copies]
        owners = [index % len(grids) for index in range(len(views))]
        bank = PatchBank.of(views, owners)
        if len(grids) > 1:
            left_out = [patch_distances(grid, bank.without(owner)) for owner, grid in enumerate(grids)]
        else:
            changed, _ = _encode(small_changes(images[0]), encoder, scale)
            left_out = [patch_distances(grid, bank) for grid in changed]
        raw = np.array([image_score(distances) for distances in left_out], dtype=np.float32)
        score_unit = max(float(np.median(raw)), 1e-6)
        map_unit = max(1e-6, *(float(smooth(distances).max()) for distances in left_out))
        resolutions.append(Resolution(bank, score_unit, map_unit))
        scores.append(raw / score_unit)
    return Fitted(NormalModel(tuple(resolutions), _running_scores(scores, len(images))), np.stack(embeddings))


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
        image_score(patch_distances(grid, both.without(owner)))
        / max(image_score(patch_distances(grid, plain.without(owner))), 1e-6)
        for owner, grid in enumerate(grids)
    ]
    return float(np.median(ratios)) <= 1.0 - TURNING_GAIN


def _encode(
    images: Sequence[Image.Image],
    encoder: Encoder,
    scale: float,
    progress: Progress | None = None,
    *,
    done: int = 0,
    total: int = 0,
) -> tuple[list[Array], list[Array]]:
    """Patch grids, rounded as they are stored, and embeddings."""
    grids, embeddings = [], []
    for number, image in enumerate(images, start=1):
        features = encoder.encode([image], scale=scale)[0]
        grids.append(features.patches.astype(np.float16).astype(np.float32))
        embeddings.append(features.embedding)
        if progress is not None:
            progress(done + number, total)
    return grids, embeddings


def _running_scores(scores: Sequence[Array], references: int) -> tuple[tuple[float, ...], ...]:
    """For each effort the mean of the scores up to it, as an inspection of that effort combines them."""
    if references < 2:
        return tuple(() for _ in scores)
    running = [np.mean(scores[: effort + 1], axis=0) for effort in range(len(scores))]
    return tuple(tuple(float(score) for score in row) for row in running)
