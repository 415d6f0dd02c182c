"""Learning from references what the things at drawn places look like, and what their absence does."""

from collections.abc import Sequence

import numpy as np
import scipy

from echo_agent.vision.alignment import Points, Similarity, unit_of
from echo_agent.vision.counting import ALIGNED_WITH, Anchor, Limits, PlaceModel
from echo_agent.vision.features import Array
from echo_agent.vision.place_descriptors import (
    LATTICE,
    Photograph,
    RelativeBox,
    align_photographs,
    describe,
    describe_around,
    distance_to_things,
    lattice_of,
)

SCALES = (1.0, 1.5, 2.0, 3.0)
"""Multiples of the encoder's resolution to choose from."""

PATCHES_ACROSS = 4.5
"""Patches that a place spans at least, so that a good part of them sees nothing but the thing."""

UNUSUAL = 0.001
"""A thing that is there is as unlike those of the references as this with this probability."""

NEAR = 0.25
"""Share of the way from the things to their surroundings up to which a place looks like a thing. It is not a half, as
an empty place keeps a trace: the hole of a screw is nearer to a screw than a plain surface is. References without a
missing thing cannot tell how near; a larger share makes ``undetermined`` of ``missing``."""

MIN_LOG_SPREAD = 0.1
"""Standard deviation of log distances that is assumed at least; references may be all but the same photograph."""

MIN_VALUES = 4
"""Fewer comparisons of things with things tell nothing about their variation."""

SURROUNDINGS = 240
"""Boxes beside the places that are looked at, over all references."""

DRAWS = 4
"""Boxes that are drawn for each one that is wanted; those that overlap with a place are left out."""

ANCHORS = 8
"""References that other photographs are aligned with, of which the nearest are taken."""


def fit_places(references: Sequence[Photograph], boxes: Sequence[RelativeBox]) -> PlaceModel:
    """Learns what the things at places look like.

    Args:
        references: Photographs of good parts; the boxes are drawn on the first.
        boxes: Left, top, right and bottom of each place, from 0 to 1.

    Returns:
        The model. References that cannot be aligned with the first take no part.
    """
    drawn = references[0]
    corners = np.array(boxes, dtype=np.float64)
    sides = np.array(drawn.size * 2) / unit_of(drawn.size)
    left, top, right, bottom = (corners * sides).T
    centres: Points = (left + right) / 2 + 1j * (top + bottom) / 2
    extents: Points = (right - left) + 1j * (bottom - top)
    means = np.stack([photograph.patches.mean(axis=(0, 1)) for photograph in references])
    common = np.asarray(means.mean(axis=0), dtype=np.float32)
    anchors = _placed(references, common)
    seen = [_things_of(anchor, common, centres, extents) for anchor in anchors]
    beside = _surroundings(anchors, common, centres, extents)
    return PlaceModel(
        centres=centres,
        extents=extents,
        common=common,
        anchors=tuple(anchors[:ANCHORS]),
        things=np.concatenate([things[:, 0] for things in seen]),
        limits=_limits(seen, beside),
    )


def _placed(references: Sequence[Photograph], common: Array) -> list[Anchor]:
    """Aligns each reference with the first, or with one that is aligned already."""
    placed = [Anchor(references[0], Similarity(1 + 0j, 0j))]
    for reference in references[1:]:
        for anchor in placed[:ALIGNED_WITH]:
            onto = align_photographs(anchor.photograph, reference, common)
            if onto is not None:
                placed.append(Anchor(reference, onto.after(anchor.transform)))
                break
    return placed


def _things_of(anchor: Anchor, common: Array, centres: Points, extents: Points) -> Array:
    """Descriptors of a reference's things, ``(places, shifts, channels of the lattice)``."""
    patches, size = anchor.photograph.patches - common, anchor.photograph.size
    return np.stack(
        [
            describe_around(patches, size, anchor.transform, centre, extent)
            for centre, extent in zip(centres, extents, strict=True)
        ]
    )


def _surroundings(anchors: Sequence[Anchor], common: Array, centres: Points, extents: Points) -> list[Array]:
    """Descriptors of boxes beside the places of each reference, a row each; they do not overlap with a place."""
    generator = np.random.default_rng(0)
    wanted = max(1, SURROUNDINGS // len(anchors))
    return [
        _beside(anchor, common, centres, extents, wanted=wanted, generator=generator) for anchor in anchors
    ]


def _beside(
    anchor: Anchor,
    common: Array,
    centres: Points,
    extents: Points,
    *,
    wanted: int,
    generator: np.random.Generator,
) -> Array:
    size, turn = anchor.photograph.size, anchor.transform.turn
    width, height = np.array(size) / unit_of(size)
    patches, places = anchor.photograph.patches - common, anchor.transform(centres)
    rows: list[Array] = []
    for _ in range(DRAWS * wanted):
        extent = extents[generator.integers(len(extents))]
        half = abs(turn) * extent / 2
        middle = generator.uniform(0, width) + 1j * generator.uniform(0, height)
        inside = half.real < middle.real < width - half.real and half.imag < middle.imag < height - half.imag
        if inside and _is_apart(middle, places, extent, extents):
            rows.append(describe(patches, size, lattice_of(Similarity(turn, middle), 0j, extent)))
        if len(rows) == wanted:
            break
    return np.array(rows, dtype=np.float32).reshape(len(rows), LATTICE * LATTICE * len(common))


def _is_apart(middle: complex, places: Points, extent: complex, extents: Points) -> bool:
    away = places - middle
    across = np.abs(away.real) > (extents.real + extent.real) / 2
    down = np.abs(away.imag) > (extents.imag + extent.imag) / 2
    return bool(np.all(across | down))


def _limits(seen: Sequence[Array], beside: Sequence[Array]) -> Limits | None:
    """Compares things with the things of the other references, and surroundings with them as well.

    The distances of things are taken as log-normal; the limit of the usual ones is that of a Student t prediction.
    """
    among, around = [], []
    for number, things in enumerate(seen):
        others = [other[:, 0] for index, other in enumerate(seen) if index != number]
        for place, shifted in enumerate(things):
            rest = np.concatenate(others) if others else np.delete(things[:, 0], place, axis=0)
            if len(rest):
                among.append(distance_to_things(shifted, rest))
        known = np.concatenate(others) if others else things[:, 0]
        around += [distance_to_things(row[None], known) for row in beside[number]]
    if len(among) < MIN_VALUES or not around:
        return None
    logs = np.log(np.maximum(among, 1e-4))
    spread = max(float(logs.std(ddof=1)), MIN_LOG_SPREAD)
    margin = float(scipy.stats.t.isf(UNUSUAL, len(logs) - 1)) * spread * np.sqrt(1 + 1 / len(logs))
    typical, surroundings = float(np.median(among)), float(np.median(around))
    return Limits(
        usual=float(np.exp(logs.mean() + margin)),
        near=typical + NEAR * (surroundings - typical),
        surroundings=surroundings,
    )


def scale_for(boxes: Sequence[RelativeBox], patches: Array) -> float:
    """The multiple of the encoder's resolution at which each place spans ``PATCHES_ACROSS`` patches, or the largest.

    Args:
        boxes: The places on a photograph, from 0 to 1.
        patches: Features ``(rows, columns, channels)`` of that photograph at scale 1.
    """
    rows, columns = patches.shape[:2]
    across = min(min((right - left) * columns, (bottom - top) * rows) for left, top, right, bottom in boxes)
    return next((scale for scale in SCALES if scale * across >= PATCHES_ACROSS), SCALES[-1])
