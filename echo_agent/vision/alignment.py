"""Where a place of one photograph lies in another: shifted, turned and scaled as the camera or the part moved.

Points are complex numbers ``x + iy`` in units of the square root of the image's area, so that photographs of
different sizes can be held against each other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echo_agent.vision.features import Array

Points = NDArray[np.complex128]

TOLERANCE = 1.5
"""A match agrees with a transform up to so many patches."""

MAX_SCALE = 1.25
MAX_TURN = 0.35
"""Radians, 20 degrees: the encoder's features do not follow larger turns."""

HYPOTHESES = 1000
"""With one match in ten right, a pair of right ones is among so many drawn pairs with more than 99.9 %."""

MIN_APART = 6
"""Tolerances that two drawn matches lie apart at least, as nearer ones fix no turn."""

MIN_INLIERS = 12
MIN_SHARE = 0.4
"""Share of the matches that must agree. Of photographs of one product 0.63 and more did; of photographs turned by 45
to 180 degrees, whose true transform is none of those looked for, up to 0.36 agreed on a wrong one."""

REFINEMENTS = 3


@dataclass(frozen=True)
class Similarity:
    """A shift, turn and scaling of the plane: ``p`` goes to ``turn * p + shift``."""

    turn: complex
    shift: complex

    def __call__(self, points: Points) -> Points:
        """Maps points."""
        return self.turn * points + self.shift

    def after(self, first: "Similarity") -> "Similarity":
        """The transform that maps by ``first`` and then by this one."""
        return Similarity(self.turn * first.turn, self.turn * first.shift + self.shift)


@dataclass(frozen=True)
class Alignment:
    """How one photograph lies on another.

    Attributes:
        transform: From points of the first to points of the second.
        share: Share of the matched patches that agree with it.
    """

    transform: Similarity
    share: float


def unit_of(size: tuple[int, int]) -> float:
    """Pixels of the unit of points, in an image of this width and height."""
    return float(np.sqrt(size[0] * size[1]))


def align(source: Array, target: Array, sizes: tuple[tuple[int, int], tuple[int, int]]) -> Alignment | None:
    """Finds how the source lies on the target.

    Patches that are each other's nearest by cosine are matched; of transforms through pairs of matches that one is
    taken with which most agree (MSAC: Torr and Zisserman 2000), and fitted to these by least squares
    (Umeyama 1991, in complex numbers).

    Args:
        source: Patch features ``(rows, columns, channels)``, centred on what is common to the product.
        target: The same of the other photograph.
        sizes: Width and height in pixels of both photographs.

    Returns:
        The alignment; None where too few matches agree.
    """
    points, images = (
        patch_points(patches, size) for patches, size in zip((source, target), sizes, strict=True)
    )
    first, second = _mutual_nearest(source, target)
    here, there = points[first], images[second]
    tolerance = TOLERANCE / np.sqrt(target.shape[0] * target.shape[1])
    agree = _most_agreed(here, there, tolerance)
    if agree is None:
        return None
    transform = None
    for _ in range(REFINEMENTS):
        if agree.sum() < MIN_INLIERS:
            return None
        transform = _least_squares(here[agree], there[agree])
        agree = np.abs(transform(here) - there) < tolerance
    share = float(agree.mean())
    if transform is None or agree.sum() < MIN_INLIERS or share < MIN_SHARE:
        return None
    return Alignment(transform, share)


def patch_points(patches: Array, size: tuple[int, int]) -> Points:
    """Centres of the patches of an image of this width and height, row by row."""
    rows, columns = patches.shape[:2]
    across = (np.arange(columns) + 0.5) * size[0] / columns
    down = (np.arange(rows) + 0.5) * size[1] / rows
    points: Points = ((across[None, :] + 1j * down[:, None]) / unit_of(size)).ravel()
    return points


def normalised(patches: Array) -> Array:
    """Brings features to unit length along the last axis."""
    length = np.linalg.norm(patches, axis=-1, keepdims=True)
    return np.asarray(patches / np.maximum(length, np.float32(1e-6)), dtype=np.float32)


def _mutual_nearest(source: Array, target: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    likeness = (
        normalised(source).reshape(-1, source.shape[-1]) @ normalised(target).reshape(-1, target.shape[-1]).T
    )
    forth, back = likeness.argmax(axis=1), likeness.argmax(axis=0)
    mutual = np.flatnonzero(back[forth] == np.arange(len(forth)))
    return mutual, forth[mutual]


def _most_agreed(here: Points, there: Points, tolerance: float) -> NDArray[np.bool_] | None:
    """Draws pairs of matches and returns the matches that agree with the best pair's transform."""
    if len(here) < MIN_INLIERS:
        return None
    drawn = np.random.default_rng(0).integers(len(here), size=(2, HYPOTHESES))
    start, way = here[drawn[0]], here[drawn[1]] - here[drawn[0]]
    apart = np.abs(way) > MIN_APART * tolerance
    turn = (there[drawn[1]] - there[drawn[0]])[apart] / way[apart]
    shift = there[drawn[0]][apart] - turn * start[apart]
    size = np.abs(turn)
    likely = (np.abs(np.angle(turn)) < MAX_TURN) & (size < MAX_SCALE) & (size > 1 / MAX_SCALE)
    if not likely.any():
        return None
    error = np.abs(turn[likely, None] * here + shift[likely, None] - there) / tolerance
    best = np.clip(1 - error**2, 0, None).sum(axis=1).argmax()
    agree: NDArray[np.bool_] = error[best] < 1
    return agree


def _least_squares(here: Points, there: Points) -> Similarity:
    middle, image = here.mean(), there.mean()
    spread = np.sum(np.abs(here - middle) ** 2)
    turn = complex(np.sum((here - middle).conj() * (there - image)) / max(spread, 1e-12))
    return Similarity(turn, complex(image - turn * middle))
