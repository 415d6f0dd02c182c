"""What lies at a place of a photograph, as numbers that can be compared."""

from dataclasses import dataclass

import numpy as np

from echo_agent.vision.alignment import Points, Similarity, align, normalised, unit_of
from echo_agent.vision.features import Array

RelativeBox = tuple[float, float, float, float]

LATTICE = 5
"""A place is sampled at so many points across and down."""

SHIFTS = (0, 0.15, -0.15, 0.15j, -0.15j, 0.15 + 0.15j, 0.15 - 0.15j, -0.15 + 0.15j, -0.15 - 0.15j)
"""A thing may lie beside its place by this share of the box."""


@dataclass(frozen=True)
class Photograph:
    """A photograph that is counted on.

    Attributes:
        patches: Patch features ``(rows, columns, channels)``.
        embedding: Image embedding, of unit length.
        size: Width and height in pixels.
    """

    patches: Array
    embedding: Array
    size: tuple[int, int]


def align_photographs(source: Photograph, target: Photograph, common: Array) -> Similarity | None:
    """The motion that carries one photograph onto another; None where they cannot be aligned.

    Args:
        source: The photograph that is carried.
        target: The photograph that it is carried onto.
        common: Mean patch of the product's references ``(channels,)``, which tells nothing of places.
    """
    found = align(source.patches - common, target.patches - common, (source.size, target.size))
    return None if found is None else found.transform


def distance_to_things(seen: Array, things: Array) -> float:
    """1 minus the largest cosine of any row of ``seen`` with any thing."""
    return float(1 - (seen @ things.T).max())


def describe_around(
    patches: Array, size: tuple[int, int], transform: Similarity, centre: complex, extent: complex
) -> Array:
    """Descriptors of a place and of its neighbourhood, ``(shifts, channels of the lattice)``."""
    return np.stack(
        [
            describe(patches, size, lattice_of(transform, centre + _along(complex(shift), extent), extent))
            for shift in SHIFTS
        ]
    )


def _along(share: complex, extent: complex) -> complex:
    return complex(share.real * extent.real, share.imag * extent.imag)


def lattice_of(transform: Similarity, centre: complex, extent: complex) -> Points:
    """The points at which a place is sampled, carried onto a photograph.

    Args:
        transform: From the reference that the place is drawn on to the photograph.
        centre: Centre of the place.
        extent: Its width and height, as ``width + i height``.
    """
    steps = (np.arange(LATTICE) + 0.5) / LATTICE - 0.5
    points: Points = (steps[None, :] * extent.real + 1j * steps[:, None] * extent.imag).ravel() + centre
    return transform(points)


def describe(patches: Array, size: tuple[int, int], lattice: Points) -> Array:
    """Features at the points of a lattice, interpolated, as one vector of unit length."""
    rows, columns = patches.shape[:2]
    unit = unit_of(size)
    across = np.clip(lattice.real * unit / size[0] * columns - 0.5, 0, columns - 1)
    down = np.clip(lattice.imag * unit / size[1] * rows - 0.5, 0, rows - 1)
    left, top = (
        np.minimum(across.astype(int), max(columns - 2, 0)),
        np.minimum(down.astype(int), max(rows - 2, 0)),
    )
    right, bottom = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    x, y = (across - left)[:, None], (down - top)[:, None]
    values = (
        patches[top, left] * (1 - x) * (1 - y)
        + patches[top, right] * x * (1 - y)
        + patches[bottom, left] * (1 - x) * y
        + patches[bottom, right] * x * y
    )
    described = normalised(values.astype(np.float32)).ravel() / np.float32(LATTICE)
    return np.asarray(described, dtype=np.float32)


def share_outside(lattice: Points, size: tuple[int, int]) -> float:
    """Share of a lattice's points that lie outside a photograph of that width and height, 0 to 1."""
    pixels = lattice * unit_of(size)
    outside = (pixels.real < 0) | (pixels.real > size[0]) | (pixels.imag < 0) | (pixels.imag > size[1])
    return float(outside.mean())


def pixel_box(transform: Similarity, centre: complex, extent: complex, size: tuple[int, int]) -> RelativeBox:
    """The upright box around a place that was carried over."""
    half = np.array([-1 - 1j, 1 - 1j, -1 + 1j, 1 + 1j]) / 2
    corners = centre + half.real * extent.real + 1j * half.imag * extent.imag
    pixels = transform(corners) * unit_of(size)
    return (
        float(pixels.real.min()),
        float(pixels.imag.min()),
        float(pixels.real.max()),
        float(pixels.imag.max()),
    )
