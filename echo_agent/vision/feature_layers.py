"""Comparing an image with its references at several layers of a network: one score and one anomaly map."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image

from echo_agent.vision.anomaly_map import image_score, raised, standing_out
from echo_agent.vision.comparison import PatchBank, patch_distances, rarity
from echo_agent.vision.features import Array, FeatureLayer, Features
from echo_agent.vision.guided import follow_edges
from echo_agent.vision.side_by_side import side_by_side

LEAST = 1e-3
"""A layer's score counts at least so much: where an image equals a reference, its layers have scores of nothing."""

ROTATION_GAIN = 0.003
"""Fall of the left-out references' distances from which copies rotated by 180 degrees are kept as references too."""

ROTATION_SHARE = 0.05
"""It is measured on this share of the worst patches."""


@dataclass(frozen=True)
class Prediction:
    """What one resolution shows of an image: its score and its map, in the unit of the distances or calibrated."""

    score: float
    anomaly_map: Array


@dataclass(frozen=True)
class LayerDistances:
    """Distances of an image's patches at one layer.

    Attributes:
        nearest: To the nearest patch of the references ``(rows, columns)``.
        rarity: To like patches elsewhere in the image, of the same shape; None where they do not count.
    """

    nearest: Array
    rarity: Array | None


def compare(features: Features, banks: Sequence[PatchBank]) -> Prediction:
    """Holds each layer of an image against the references' patches of that layer; see ``weigh``.

    Args:
        features: The image.
        banks: The references' patches, a bank a layer.
    """
    return weigh(features, layer_distances(features, banks))


def layer_distances(
    features: Features,
    banks: Sequence[PatchBank],
    nearest: Callable[[Array, PatchBank], Array] = patch_distances,
) -> tuple[LayerDistances, ...]:
    """The distances of an image's patches, a layer each: all that ``weigh`` needs of the references."""

    def of(layer: FeatureLayer, bank: PatchBank) -> LayerDistances:
        return LayerDistances(
            nearest(layer.compared, bank), rarity(layer.compared) if layer.use.rarity else None
        )

    return tuple(side_by_side([partial(of, *pair) for pair in zip(features.all_layers, banks, strict=True)]))


def weigh(features: Features, distances: Sequence[LayerDistances]) -> Prediction:
    """Makes a score and a map of an image's distances from its references.

    A layer has a score of its own: the mean of the worst patches that stand out. The image score is the geometric
    mean over the layers, those of the global branch included, with their weights. The map is drawn from the geometric
    mean of the raised distances of the layers that are on it, each with the strength of the network's answer, and
    follows the edges of the image.

    Args:
        features: The image.
        distances: Its distances, a layer each.

    Returns:
        Score and map, in the unit of the distances; the map is negative where surroundings stand out more. It is on
        the grid of the image's guide, or of the finest layer where there is none.
    """
    logs, drawn = [], []
    for layer, found in zip(features.all_layers, distances, strict=True):
        use, values = layer.use, found.nearest
        if use.rarity and found.rarity is not None:
            values = raised(values, found.rarity, use.rarity)
        score = image_score(standing_out(values, use.surroundings), use.top_k_share)
        logs.append(use.weight * np.log(max(score, LEAST)))
        if use.on_map:
            drawn.append((values * _strength(layer), use.surroundings))
    total = sum(layer.use.weight for layer in features.all_layers)
    drawing = standing_out(_geometric_mean([values for values, _ in drawn]), drawn[-1][1])
    if features.guide is not None:
        drawing = follow_edges(drawing, features.guide)
    return Prediction(float(np.exp(sum(logs) / total)), drawing)


def _strength(layer: FeatureLayer) -> Array | float:
    return 1.0 if layer.lengths is None else np.exp(np.float32(layer.use.strength) * layer.lengths)


def _geometric_mean(maps: Sequence[Array]) -> Array:
    """Geometric mean of maps, on the grid of the first."""
    rows, columns = maps[0].shape
    same = [
        np.asarray(Image.fromarray(values).resize((columns, rows), Image.Resampling.BILINEAR))
        for values in maps[1:]
    ]
    product = np.prod([maps[0], *same], axis=0)
    return np.asarray(np.maximum(product, 0) ** (1 / len(maps)), dtype=np.float32)


def rotation_helps(grids: Sequence[Array], rotated: Sequence[Array], groups: Sequence[int]) -> bool:
    """Whether copies rotated by 180 degrees bring the references nearer to each other: then the part lies either way.

    Args:
        grids: Patch grids of at least two references, of one layer.
        rotated: Patch grids of their rotated copies.
        groups: Group of each reference; those of one group show the same part and are left out together.

    Returns:
        True when the median of the left-out distances falls by at least ``ROTATION_GAIN`` with the others' copies.
    """
    return len(set(groups)) > 1 and nearer_by_copies(grids, [rotated], groups) <= 1.0 - ROTATION_GAIN


def nearer_by_copies(
    grids: Sequence[Array], copies: Sequence[Sequence[Array]], groups: Sequence[int]
) -> float:
    """How much nearer references come to each other by changed copies of the others.

    Args:
        grids: Patch grids of references of at least two groups, of one layer.
        copies: Patch grids of their copies, a sequence a change.
        groups: Group of each reference.

    Returns:
        Median ratio of the left-out distances with the copies to those without.
    """
    plain = PatchBank.of(grids, groups)
    changed = PatchBank.of([grid for copied in copies for grid in copied], [*groups] * len(copies))
    ratios = []
    for image_id, grid in zip(groups, grids, strict=True):
        without = patch_distances(grid, plain.without(image_id))
        both = np.minimum(without, patch_distances(grid, changed.without(image_id)))
        ratios.append(_worst(both) / max(_worst(without), 1e-6))
    return float(np.median(ratios))


def _worst(distances: Array) -> float:
    return image_score(distances, ROTATION_SHARE)
