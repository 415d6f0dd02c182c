"""The border of an anomaly map: an encoder sees less around the patches there, and they differ more on good parts."""

from collections.abc import Sequence

import numpy as np

from echo_agent.vision.features import Array

REACH = 1 / 8
"""How far in from the border a map is evened out, as a share of its shorter side: two patches."""

QUANTILE = 0.95
EXPONENT = 0.5
"""Values at a distance from the border are divided by the ratio of this quantile there to that inside, to this power.

Of the references' maps of eleven products the quantile rises by up to 1.5 in the outermost row. In full it is taken off
defects that lie there too: AUPRO of paper_tan falls by .007, by the root .003, and that of mesh_drawn rises by .05."""

MIN_SIDE = 4
"""Smaller maps have no inside to be held against."""


UNRAISED = (1.0,)


def border_rise(maps: Sequence[Array]) -> tuple[float, ...]:
    """How much more good parts differ near the border than inside.

    Args:
        maps: Maps of left-out references ``(rows, columns)`` of one resolution, whose shapes may differ.

    Returns:
        Divisors by the distance from the border in rows or columns, at least 1; the last, 1, holds from there on.
    """
    shorter = min(min(values.shape) for values in maps)
    if shorter < MIN_SIDE:
        return UNRAISED
    reach = max(1, int(shorter * REACH))
    flat = np.concatenate([values.ravel() for values in maps])
    distances = np.concatenate([_distances(values.shape, reach).ravel() for values in maps])
    levels = np.array([np.quantile(flat[distances == each], QUANTILE) for each in range(reach + 1)])
    if levels[-1] <= 0:
        return UNRAISED
    return tuple((np.maximum(levels / levels[-1], 1.0) ** EXPONENT).tolist())


def evened(values: Array, rise: Sequence[float]) -> Array:
    """Takes the rise towards the border off a map.

    Args:
        values: Map ``(rows, columns)``.
        rise: What ``border_rise`` found at that resolution.
    """
    divisors = np.asarray(rise, dtype=np.float32)
    return np.asarray(values / divisors[_distances(values.shape, len(rise) - 1)], dtype=np.float32)


def without_border(values: Array, share: float) -> Array:
    """A map that is 0 within a share of its shorter side of the border."""
    reach = max(1, round(min(values.shape) * share))
    return np.where(_distances(values.shape, reach) < reach, 0, values)


def _distances(shape: tuple[int, ...], reach: int) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Distance of each place of a map from its border in rows or columns, ``reach`` from there on."""
    down, across = (np.minimum(np.arange(side), np.arange(side)[::-1]) for side in shape)
    return np.minimum(np.minimum(down[:, None], across[None, :]), reach)
