"""Comparing an image with its references at several levels of a network: one score and one anomaly map."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from echo_agent.vision.anomaly_map import image_score, raised, standing_out
from echo_agent.vision.comparison import PatchBank, patch_distances, rarity
from echo_agent.vision.features import Array, Features, Level
from echo_agent.vision.guided import follow_edges

LEAST = 1e-3
"""A level's score counts at least so much: where an image equals a reference, its levels have scores of nothing."""

TURNING_GAIN = 0.003
"""Fall of the left-out references' distances from which copies turned by 180 degrees are kept as references too."""

TURNING_SHARE = 0.05
"""It is measured on this share of the worst patches."""


@dataclass(frozen=True)
class Look:
    """What one resolution shows of an image: its score and its map, in the unit of the distances or calibrated."""

    score: float
    anomaly_map: Array


def compare(features: Features, banks: Sequence[PatchBank]) -> Look:
    """Holds each level of an image against the references' patches of that level.

    A level has a score of its own: the mean of the worst patches that stand out. The image score is the geometric
    mean over the levels, those of the overview included, with their weights. The map is drawn from the geometric
    mean of the raised distances of the levels that are on it, each with the strength of the network's answer, and
    follows the edges of the image.

    Args:
        features: The image.
        banks: The references' patches, a bank a level.

    Returns:
        Score and map, in the unit of the distances; the map is negative where surroundings stand out more. It is on
        the grid of the image's guide, or of the finest level where there is none.
    """
    logs, drawn = [], []
    for level, bank in zip(features.all_levels, banks, strict=True):
        use, compared = level.use, level.compared
        values = patch_distances(compared, bank)
        if use.rarity:
            values = raised(values, rarity(compared), use.rarity)
        score = image_score(standing_out(values, use.surroundings), use.worst_share)
        logs.append(use.weight * np.log(max(score, LEAST)))
        if use.on_map:
            drawn.append((values * _strength(level), use.surroundings))
    total = sum(level.use.weight for level in features.all_levels)
    drawing = standing_out(_geometric_mean([values for values, _ in drawn]), drawn[-1][1])
    if features.guide is not None:
        drawing = follow_edges(drawing, features.guide)
    return Look(float(np.exp(sum(logs) / total)), drawing)


def _strength(level: Level) -> Array | float:
    return 1.0 if level.lengths is None else np.exp(np.float32(level.use.strength) * level.lengths)


def _geometric_mean(maps: Sequence[Array]) -> Array:
    """Geometric mean of maps, on the grid of the first."""
    rows, columns = maps[0].shape
    same = [
        np.asarray(Image.fromarray(values).resize((columns, rows), Image.Resampling.BILINEAR))
        for values in maps[1:]
    ]
    product = np.prod([maps[0], *same], axis=0)
    return np.asarray(np.maximum(product, 0) ** (1 / len(maps)), dtype=np.float32)


def turning_helps(grids: Sequence[Array], turned: Sequence[Array]) -> bool:
    """Whether copies turned by 180 degrees bring the references nearer to each other: then the part lies either way.

    Args:
        grids: Patch grids of at least two references, of one level.
        turned: Patch grids of their turned copies.

    Returns:
        True when the median of the left-out distances falls by at least ``TURNING_GAIN`` with the others' copies.
    """
    plain = PatchBank.of(grids, range(len(grids)))
    both = PatchBank.of([*grids, *turned], [*range(len(grids)), *range(len(grids))])
    ratios = [
        _distance(grid, both.without(owner)) / max(_distance(grid, plain.without(owner)), 1e-6)
        for owner, grid in enumerate(grids)
    ]
    return float(np.median(ratios)) <= 1.0 - TURNING_GAIN


def _distance(grid: Array, bank: PatchBank) -> float:
    return image_score(patch_distances(grid, bank), TURNING_SHARE)
