"""Where in the image a defect's middle lies, as far as an anomaly map tells: shares of a 3 x 3 grid."""

import numpy as np

from echo_agent.vision.features import Array

STANDS_OUT = 0.6
"""Only what exceeds this share of the map's peak counts."""

REACH = 0.2
"""How far a defect's middle lies from its suspicious patches, as a share of the image's sides (one sigma)."""

SIDE = 3


def place_shares(anomaly_map: Array) -> tuple[float, ...]:
    """Tells for each cell of a 3 x 3 grid how likely a defect's middle lies in it.

    Every patch votes for the cells around it, with the square of what it exceeds six tenths of the peak by, and with a
    Gaussian of the distance to the cell's middle: a patch is a part of its defect, not its middle, so that a vote for
    its own cell alone would favour the ends of long defects.

    Args:
        anomaly_map: Anomaly map ``(rows, columns)``, at patch resolution or finer.

    Returns:
        Nine shares that sum to 1, row by row from the top left; all alike where nothing stands out.
    """
    rows, columns = anomaly_map.shape
    excess = np.maximum(anomaly_map.astype(np.float64) - STANDS_OUT * max(float(anomaly_map.max()), 0.0), 0.0)
    weight = excess**2
    if weight.sum() <= 0:
        return (1 / SIDE**2,) * SIDE**2
    votes = _near(rows) @ weight @ _near(columns).T
    return tuple(float(share) for share in (votes / votes.sum()).ravel())


def _near(count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Gaussian of the distance between the middles of three cells and of ``count`` patches ``(3, count)``."""
    cells = (2 * np.arange(SIDE) + 1) / (2 * SIDE)
    patches = (2 * np.arange(count) + 1) / (2 * count)
    return np.asarray(np.exp(-((cells[:, None] - patches[None]) ** 2) / (2 * REACH**2)))
