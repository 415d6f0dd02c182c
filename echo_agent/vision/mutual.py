"""Mutual scoring: patches that many other parts of a lot have are normal (MuSc, ICLR 2024, section 3.2)."""

from collections.abc import Sequence

import numpy as np

from echo_agent.vision.anomaly_map import image_score, raised, standing_out
from echo_agent.vision.comparison import LARGE_GRID, PatchBank, patch_distances, rarity
from echo_agent.vision.feature_layers import LEAST
from echo_agent.vision.features import Array, Features

INTERVAL = 0.3
"""A patch counts by its mean distance to this share of the other parts, the nearest: most have what is normal."""


def judging(features: Features) -> list[PatchBank]:
    """The patches by which a part judges others, a bank a layer; of a large grid every other row and column."""
    steps = [2 if layer.patches[..., 0].size > LARGE_GRID else 1 for layer in features.all_layers]
    return [
        PatchBank.of([layer.compared[::step, ::step]], [0])
        for layer, step in zip(features.all_layers, steps, strict=True)
    ]


def mutual_score(features: Features, others: Sequence[Sequence[PatchBank]]) -> float:
    """Scores a part by the other parts of its lot, none of which need be known to be good.

    Of each patch, the distances to the nearest patch of each other part are taken, and of these the mean of the
    smallest 30 %. The rest is as against references: see ``feature_layers.compare``.

    Args:
        features: The part.
        others: What each other part judges by.

    Returns:
        The score in the unit of the distances.
    """
    logs = []
    taken = max(1, int(INTERVAL * len(others)))
    for number, layer in enumerate(features.all_layers):
        use, compared = layer.use, layer.compared
        distances = np.stack([patch_distances(compared, banks[number]) for banks in others])
        values: Array = np.partition(distances, taken - 1, axis=0)[:taken].mean(axis=0)
        if use.rarity:
            values = raised(values, rarity(compared), use.rarity)
        score = image_score(standing_out(values, use.surroundings), use.top_k_share)
        logs.append(use.weight * np.log(max(score, LEAST)))
    return float(np.exp(sum(logs) / sum(layer.use.weight for layer in features.all_layers)))
