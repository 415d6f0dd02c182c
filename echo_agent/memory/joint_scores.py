"""Joining what several resolutions and encoders show of an image, on their calibrations."""

import math
from collections.abc import Sequence

import numpy as np

from echo_agent.memory.calibration import one_a_part
from echo_agent.memory.normal_model import Resolution
from echo_agent.memory.working_resolutions import WorkingResolution
from echo_agent.vision.anomaly_map import at_size
from echo_agent.vision.feature_layers import Prediction
from echo_agent.vision.features import Array

TYPICAL_SPREAD = 0.15
PRIOR_PARTS = 4
"""Standard deviation of the logarithms of good parts' scores before any were seen, and how many parts it counts for."""

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
    looks = _normals_of_each(resolutions, working)
    if len(looks) == 1:
        return looks[0]
    return tuple(_as_a_further_part(part, looks) for part in range(len(looks[0])))


def join_tiles(
    whole: Prediction,
    tiles: Prediction,
    resolutions: Sequence[Resolution],
    working: Sequence[WorkingResolution],
) -> Prediction:
    """Joins what a photograph shows as a whole and in tiles: the look in which it stands out more among good parts.

    Args:
        whole: The joint prediction of the looks at the whole.
        tiles: That of the tiles.
        resolutions: The references' resolutions at all looks.
        working: What they were made at.
    """
    size = tiles.anomaly_map.shape[1], tiles.anomaly_map.shape[0]
    drawn = np.maximum(at_size(whole.anomaly_map, size), tiles.anomaly_map)
    looks = _normals_of_each(resolutions, working) or [(), ()]
    return Prediction(_worst((whole.score, tiles.score), looks), drawn)


def _normals_of_each(
    resolutions: Sequence[Resolution], working: Sequence[WorkingResolution]
) -> list[tuple[float, ...]]:
    """The left-out references' scores at the looks at the whole, joined, and at the tiles where there are any."""
    looks = []
    for tiled in (False, True):
        some = [(one, at) for one, at in zip(resolutions, working, strict=True) if at.tiled == tiled]
        if some:
            scores = [np.asarray(one.scores) for one, _ in some]
            joined = _geometric_mean(_by_encoder(scores, [at for _, at in some]))
            looks.append(one_a_part(some[0][0].groups, map(float, joined)))
    return looks


def _worst(scores: Sequence[float], normals: Sequence[Sequence[float]]) -> float:
    """The score that lies farthest beyond those of good parts at the same look, all looks brought to one spread.

    The scores of different looks spread differently, and the larger of them as they are would be that of the look with
    the wider spread.
    """
    return float(np.exp(TYPICAL_SPREAD * max(map(_standing_out, scores, normals))))


def _as_a_further_part(part: int, looks: Sequence[Sequence[float]]) -> float:
    """What the looks say of a good part, as they would of a further one that took no part in their spread.

    With the part among those that tell the spread it stands out too little for that, without it too much (more of the
    others lie on the other side): halfway of 4 to 30 normal scores as many lie above the highest as ``1 / (n + 1)``.
    """
    scores = [normals[part] for normals in looks]
    without = [(*normals[:part], *normals[part + 1 :]) for normals in looks]
    return math.sqrt(_worst(scores, looks) * _worst(scores, without))


def _standing_out(score: float, normals: Sequence[float]) -> float:
    """How far the logarithm of a score lies above those of good parts, in their standard deviations, shrunken."""
    log = float(np.log(max(score, LEAST)))
    if not normals:
        return log / TYPICAL_SPREAD
    logs = np.log(np.maximum(normals, LEAST))
    squares = float(((logs - logs.mean()) ** 2).sum()) + PRIOR_PARTS * TYPICAL_SPREAD**2
    return (log - float(logs.mean())) / math.sqrt(squares / (len(logs) - 1 + PRIOR_PARTS))


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
