"""What is normal for one product: patch banks at several resolutions, calibrated by leaving one reference out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from echo_agent.vision.anomaly_map import image_score, smooth
from echo_agent.vision.comparison import PatchBank, patch_distances
from echo_agent.vision.features import Array, Encoder
from echo_agent.vision.views import small_changes

EFFORT_SCALES = (1.0, 1.25, 1.5)
"""Multiples of the encoder's working resolution; effort e looks at the first e + 1 of them."""


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


def fit(images: Sequence[Image.Image], grids: Sequence[Sequence[Array]], encoder: Encoder) -> NormalModel:
    """Fits the normal state of a product.

    Args:
        images: The references; used only where there is a single one.
        grids: For each effort, the patch grids of all references.
        encoder: The encoder that they come from.

    Returns:
        The model. With a single reference its units come from small changes of that image, and it has no scores.
    """
    resolutions = []
    scores: list[Array] = []
    for effort, scale in enumerate(EFFORT_SCALES):
        rounded = [grid.astype(np.float16).astype(np.float32) for grid in grids[effort]]
        bank = PatchBank.of(rounded)
        if len(rounded) > 1:
            left_out = [patch_distances(grid, bank.without(owner)) for owner, grid in enumerate(rounded)]
        else:
            views = encoder.encode(small_changes(images[0]), scale=scale)
            left_out = [patch_distances(view.patches, bank) for view in views]
        raw = np.array([image_score(distances) for distances in left_out], dtype=np.float32)
        score_unit = max(float(np.median(raw)), 1e-6)
        map_unit = max(1e-6, *(float(smooth(distances).max()) for distances in left_out))
        resolutions.append(Resolution(bank, score_unit, map_unit))
        scores.append(raw / score_unit)
    if len(images) < 2:
        return NormalModel(tuple(resolutions), tuple(() for _ in EFFORT_SCALES))
    running = [np.mean(scores[: effort + 1], axis=0) for effort in range(len(EFFORT_SCALES))]
    return NormalModel(tuple(resolutions), tuple(tuple(float(score) for score in row) for row in running))
