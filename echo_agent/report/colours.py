"""The colours of the anomaly map: one fixed scale for all pictures, in multiples of the map threshold."""

import numpy as np
from numpy.typing import NDArray

SHOWN_FROM = 0.5
"""Map value below which a picture stays as it is."""
DEFECTIVE_FROM = 1.0
"""Map value (the map threshold) at which the colours of a defect start."""
SATURATED_AT = 2.0
"""Map value from which the brightest colour is used."""

Colours = NDArray[np.float32]

_VALUES = np.array([SHOWN_FROM, 0.75, DEFECTIVE_FROM, 1.15, 1.35, 1.65, SATURATED_AT], dtype=np.float32)
_OPACITY = np.array([0.0, 0.22, 0.5, 0.62, 0.7, 0.76, 0.82], dtype=np.float32)
# Lightness rises along the scale, from a dark violet through red and orange to pale yellow (CIE L* 16 to 95),
# so that it reads in grey and for the colour-blind.
_COLOURS = np.array(
    [
        (48, 16, 98),
        (92, 22, 110),
        (190, 42, 82),
        (226, 76, 50),
        (246, 124, 22),
        (251, 182, 42),
        (250, 244, 160),
    ],
    dtype=np.float32,
)


def colours_of(anomaly_map: Colours) -> tuple[Colours, Colours]:
    """Colours an anomaly map on the calibrated scale, which is never stretched to the image.

    Args:
        anomaly_map: Map of shape (height, width) in multiples of the map threshold.

    Returns:
        RGB of shape (height, width, 3) in 0..255, and opacity of shape (height, width) in 0..1: zero up
        to half the threshold, so that a good part's picture stays as it is.
    """
    channels = [np.interp(anomaly_map, _VALUES, _COLOURS[:, channel]) for channel in range(3)]
    opacity = np.interp(anomaly_map, _VALUES, _OPACITY)
    return np.stack(channels, axis=-1).astype(np.float32), opacity.astype(np.float32)


def scale_stops() -> list[tuple[float, str]]:
    """Returns the scale as (share of its length in 0..1, CSS colour), for a legend."""
    shares = (_VALUES - SHOWN_FROM) / (SATURATED_AT - SHOWN_FROM)
    return [
        (round(float(share), 3), f"rgb({red:.0f} {green:.0f} {blue:.0f} / {opacity:.2f})")
        for share, (red, green, blue), opacity in zip(shares, _COLOURS, _OPACITY, strict=True)
    ]
