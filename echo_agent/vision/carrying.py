"""Regions that are drawn on one photograph, carried to another: by features roughly, by brightness to part of a pixel.

What lies in the ignored regions takes no part in the finer step, so that it does not move them.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray
from PIL import Image

from echo_agent.images.ignored import Ignored, Polygon
from echo_agent.vision.alignment import Points, Similarity, align, unit_of
from echo_agent.vision.features import Array
from echo_agent.vision.quality import working_image

Floats = NDArray[np.float64]

SIDE = 256
"""Side of the square whose area the photographs have that are laid on each other."""

BLURS = ((4.0, 20), (2.0, 20), (1.0, 80))
"""Standard deviations in working pixels, coarse to fine, and how many steps are taken at most."""

MIN_COUNTED = 0.05
"""Where less of the photograph counts than this, all of it is laid on the other."""

POINTS = 8000
"""Working pixels that are compared at most, those where brightness changes most."""

DETAIL = (1.0, 6.0)
"""Detail is what lies between these standard deviations."""

MIN_LIKENESS = 0.3
"""Two parts are laid on each other where their detail correlates so much: printed and moulded ones do by 0.49 to 0.89,
cookies, leather and drawn mesh, that have no place in common, by 0.07 and less."""

STILL = 1e-7
"""Motion, in sides of the photograph, below which nothing moves any more."""

CLIPPED = 2.0
"""Residuals count up to so many of their typical size: parts differ from each other."""

LEAST = 0.05
"""Residuals of so much of the contrast count in full, also where both photographs are all but the same."""

MAX_MOVED = 0.06
"""The finer step moves regions by so much of the photograph's side at most: else the rough one stands."""


@dataclass(frozen=True)
class Laid:
    """A photograph that is laid on another.

    Attributes:
        patches: Its patch features ``(rows, columns, channels)``.
        grey: Its brightness at the working size ``(height, width)``.
        size: Its width and height in pixels.
    """

    patches: Array
    grey: Floats
    size: tuple[int, int]

    @classmethod
    def of(cls, image: Image.Image, patches: Array) -> "Laid":
        """Prepares an RGB photograph."""
        return cls(patches, np.asarray(working_image(image.convert("L"), SIDE), dtype=np.float64), image.size)


def carried(ignored: Ignored, drawn: Laid, seen: Laid) -> Ignored | None:
    """Where regions lie in another photograph.

    Args:
        ignored: The regions, on the photograph that they are drawn on.
        drawn: That photograph.
        seen: The other one.

    Returns:
        The regions on the other one, their corners on whole pixels; None where it cannot be laid on the first.
    """
    common = drawn.patches.mean(axis=(0, 1))
    rough = align(drawn.patches - common, seen.patches - common, (drawn.size, seen.size))
    if rough is None:
        return None
    transform = _refined(rough.transform, drawn, seen, ignored)
    if _likeness(transform, drawn, seen, ignored) < MIN_LIKENESS:
        return None

    def moved(shape: Polygon) -> Polygon:
        corners = np.array(shape) * drawn.size / unit_of(drawn.size)
        there = transform(corners[:, 0] + 1j * corners[:, 1]) * unit_of(seen.size)
        across, down = (max(length - 1, 1) for length in seen.size)
        return tuple((round(point.real) / across, round(point.imag) / down) for point in there)

    return Ignored(
        regions=tuple(map(moved, ignored.regions)),
        all_but=tuple(map(moved, ignored.all_but)),
        drawn_on=ignored.drawn_on,
    )


def _likeness(transform: Similarity, drawn: Laid, seen: Laid, ignored: Ignored) -> float:
    """Correlation of the fine detail of what counts in both photographs, -1 to 1."""
    counted = _counted(ignored, drawn, DETAIL[0])
    fine, coarse = (
        [scipy.ndimage.gaussian_filter(laid.grey, blur) for laid in (drawn, seen)] for blur in DETAIL
    )
    here = (fine[0] - coarse[0])[counted]
    there, inside = _sampled(fine[1] - coarse[1], seen, transform(_points(drawn)[counted]))
    return float((_even(here[inside]) * _even(there[inside])).mean()) if inside.any() else -1.0


def _counted(ignored: Ignored, drawn: Laid, blur: float) -> NDArray[np.bool_]:
    """The working pixels of the drawn photograph that take part: none that what is ignored is smeared into."""
    height, width = drawn.grey.shape
    away = scipy.ndimage.distance_transform_cdt(~ignored.mask((width, height)))
    counted = np.asarray(away > 4 * blur + 2)
    return counted if counted.mean() >= MIN_COUNTED else np.ones_like(counted)


def _refined(rough: Similarity, drawn: Laid, seen: Laid, ignored: Ignored) -> Similarity:
    """Aligns the brightness of both (inverse compositional: Baker and Matthews 2004; clipped residuals)."""
    transform = rough
    for blur, steps in BLURS:
        found = _at_blur(transform, drawn, seen, _counted(ignored, drawn, blur), blur=blur, steps=steps)
        if found is None:
            return rough
        transform = found
    corners: Points = np.array([0, 1, 1j, 1 + 1j]) * np.array(drawn.size).mean() / unit_of(drawn.size)
    near = np.abs(transform(corners) - rough(corners)).max() <= MAX_MOVED
    return transform if near else rough


def _at_blur(
    transform: Similarity,
    drawn: Laid,
    seen: Laid,
    counted: NDArray[np.bool_],
    *,
    blur: float,
    steps: int,
) -> Similarity | None:
    template = scipy.ndimage.gaussian_filter(drawn.grey, blur)
    image = scipy.ndimage.gaussian_filter(seen.grey, blur)
    points, per_unit = _points(drawn), np.array(drawn.grey.shape) * unit_of(drawn.size) / drawn.size[::-1]
    down, across = (slope * unit for slope, unit in zip(np.gradient(template), per_unit, strict=True))
    steep = np.hypot(across, down)[counted]
    chosen = np.argsort(-steep, kind="stable")[:POINTS]
    z, gx, gy = points[counted][chosen], across[counted][chosen], down[counted][chosen]
    slopes = np.stack([gx * z.real + gy * z.imag, gy * z.real - gx * z.imag, gx, gy], axis=1)
    wanted = _even(template[counted][chosen])
    slopes /= max(float(template[counted][chosen].std()), 1e-6)
    for _ in range(steps):
        values, inside = _sampled(image, seen, transform(z))
        if inside.sum() < 0.5 * len(z):
            return None
        residual = (_even(values) - wanted) * inside
        limit = CLIPPED * 1.4826 * float(np.median(np.abs(residual[inside]))) + LEAST
        near = slopes * (inside & (np.abs(residual) < limit))[:, None]
        step, *_ = np.linalg.lstsq(near.T @ slopes, slopes.T @ np.clip(residual, -limit, limit), rcond=1e-8)
        turn, shift = 1 + complex(step[0], step[1]), complex(step[2], step[3])
        if not abs(turn - 1) < 0.2 or not abs(shift) < 0.2:
            return None
        transform = Similarity(transform.turn / turn, transform.shift - transform.turn / turn * shift)
        if abs(turn - 1) + abs(shift) < STILL:
            break
    return transform


def _even(values: Floats) -> Floats:
    """Brightness without its mean and its contrast."""
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-6))


def _points(laid: Laid) -> Points:
    """Middles of the working pixels, in units of the photograph."""
    height, width = laid.grey.shape
    across = (np.arange(width) + 0.5) * laid.size[0] / width
    down = (np.arange(height) + 0.5) * laid.size[1] / height
    points: Points = (across[None, :] + 1j * down[:, None]) / unit_of(laid.size)
    return points


def _sampled(image: Floats, laid: Laid, points: Points) -> tuple[Floats, NDArray[np.bool_]]:
    """Brightness at points, and which of them lie within the photograph."""
    height, width = image.shape
    x = points.real * unit_of(laid.size) * width / laid.size[0] - 0.5
    y = points.imag * unit_of(laid.size) * height / laid.size[1] - 0.5
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    values = scipy.ndimage.map_coordinates(image, [y, x], order=1, mode="nearest")
    return np.asarray(values), inside
