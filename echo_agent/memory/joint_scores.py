"""Joining what several resolutions and encoders show of an image, on their calibrations."""

from collections.abc import Sequence

import numpy as np

from echo_agent.memory.normal_model import Resolution
from echo_agent.memory.working_resolutions import WorkingResolution
from echo_agent.vision.anomaly_map import at_size
from echo_agent.vision.feature_layers import Prediction
from echo_agent.vision.features import Array

LEAST = 1e-6
"""A calibrated score counts at least so much: what equals a reference has a score of nothing."""


def join(
    predictions: Sequence[Prediction], resolutions: Sequence[WorkingResolution], map_unit: float = 1.0
) -> Prediction:
    """Joins predictions: those of one encoder by their mean; then scores by the geometric mean, maps by the mean.

    Args:
        predictions: Calibrated predictions, one a resolution.
        resolutions: What they were made at.
        map_unit: Highest value of the left-out references' maps, joined in this way.

    Returns:
        Score and map, the map on the finest grid.
    """
    rows, columns = max((prediction.anomaly_map.shape for prediction in predictions), key=np.prod)
    maps = [at_size(prediction.anomaly_map, (columns, rows)) for prediction in predictions]
    scores = _by_encoder([prediction.score for prediction in predictions], resolutions)
    drawn = np.mean(_by_encoder(maps, resolutions), axis=0) / map_unit
    return Prediction(float(_geometric_mean(scores)), np.asarray(drawn, dtype=np.float32))


def joined_normals(
    resolutions: Sequence[Resolution], working: Sequence[WorkingResolution]
) -> tuple[float, ...]:
    """The left-out references' scores as an inspection joins them.

    Returns:
        One score a group of near-duplicates, the highest of its photographs: they stand for one part, and none of
        them is called defective by a threshold of the highest score. Empty for a single group.
    """
    if not resolutions[0].scores:
        return ()
    scores = _geometric_mean(
        _by_encoder([np.asarray(resolution.scores) for resolution in resolutions], working)
    )
    highest: dict[int, float] = {}
    for group, score in zip(resolutions[0].groups, scores, strict=False):
        highest[group] = max(float(score), highest.get(group, 0.0))
    return tuple(highest.values())


def joined_map_unit(first: Sequence[Array], second: Sequence[Array]) -> float:
    """Highest value of the left-out references' maps by both encoders together.

    Args:
        first: Their calibrated maps by the first encoder.
        second: The same by the second.
    """
    working = (WorkingResolution(1.0), WorkingResolution(1.0, second=True))
    return max(
        LEAST,
        *(
            float(join([Prediction(1.0, values) for values in both], working).anomaly_map.max())
            for both in zip(first, second, strict=True)
        ),
    )


def _by_encoder(values: Sequence[Array | float], resolutions: Sequence[WorkingResolution]) -> list[Array]:
    """Means of scores, or of maps of one shape, an encoder each."""
    return [
        np.mean(
            np.stack([value for value, at in zip(values, resolutions, strict=True) if at.second == second]),
            axis=0,
        )
        for second in dict.fromkeys(at.second for at in resolutions)
    ]


def _geometric_mean(scores: Sequence[Array]) -> Array:
    return np.asarray(np.exp(np.mean(np.log(np.maximum(scores, LEAST)), axis=0)))
