"""Counting things at places that are drawn on one reference: which of them are there in another photograph.

The places are carried to every photograph by aligning it with references. What lies at a place is compared with
what lies at the places of the references; how alike these are among each other, one left out, and how unlike their
surroundings are, tells what is there and what is missing. No photograph of a missing thing is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import NDArray

from echo_agent.vision.alignment import Points, Similarity, align, normalised, unit_of
from echo_agent.vision.features import Array

RelativeBox = tuple[float, float, float, float]
Presence = Literal["present", "missing", "cannot tell"]

SCALES = (1.0, 1.5, 2.0, 3.0)
"""Multiples of the encoder's resolution to choose from."""

PATCHES_ACROSS = 4.5
"""Patches that a place spans at least, so that a good part of them sees nothing but the thing."""

LATTICE = 5
"""A place is sampled at so many points across and down."""

SHIFTS = (0, 0.15, -0.15, 0.15j, -0.15j, 0.15 + 0.15j, 0.15 - 0.15j, -0.15 + 0.15j, -0.15 - 0.15j)
"""A thing may lie beside its place by this share of the box."""

UNUSUAL = 0.001
"""A thing that is there is as unlike those of the references as this with this probability."""

NEAR = 0.25
"""Share of the way from the things to their surroundings up to which a place looks like a thing. It is not a half, as
an empty place keeps a trace: the hole of a screw is nearer to a screw than a plain surface is. References without a
missing thing cannot tell how near; a larger share makes ``cannot tell`` of ``missing``."""

LEAST_LOG_SPREAD = 0.1
"""Standard deviation of log distances that is assumed at least; references may be all but the same photograph."""

LEAST_VALUES = 4
"""Fewer comparisons of things with things tell nothing about their variation."""

SURROUNDINGS = 240
"""Boxes beside the places that are looked at, over all references."""

DRAWS = 4
"""Boxes that are drawn for each one that is wanted; those that overlap with a place are left out."""

ANCHORS = 8
"""References that other photographs are aligned with, of which the nearest are taken."""

ALIGNED_WITH = 4
MOST_OUTSIDE = 0.2
"""Share of a place that may lie outside the photograph."""

MOST_DISAGREEMENT = 0.25
"""Share of the box by which references may disagree where a place is."""


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


@dataclass(frozen=True)
class Place:
    """What was found at a place.

    Attributes:
        box: Left, top, right and bottom in pixels of the photograph, not cut at its edges; None where the photograph
            could not be aligned.
        presence: Whether the thing is there.
        distance: How unlike the things of the references it is, 0 to 2; None where it was not compared.
        why: For "cannot tell", one clause.
    """

    box: RelativeBox | None
    presence: Presence
    distance: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Limits:
    """Distances that tell a thing from its absence.

    Attributes:
        usual: Up to here a distance is usual for things that are there.
        near: Up to here a place is nearer to the things than to their surroundings; see ``NEAR``.
        surroundings: Median distance of the surroundings.
    """

    usual: float
    near: float
    surroundings: float

    def judge(self, distance: float) -> Place:
        """Judges a place by its distance; its box is not known here."""
        if max(self.usual, self.near) >= self.surroundings:
            why = "the things differ from each other as much as from their surroundings"
            return Place(None, "cannot tell", distance, why)
        if distance <= min(self.usual, self.near):
            return Place(None, "present", distance)
        if distance > max(self.usual, self.near):
            return Place(None, "missing", distance)
        if distance > self.usual:
            why = "what is there resembles the references' things less than they resemble each other"
        else:
            why = "the references' things vary too much to tell what is there from what is not"
        return Place(None, "cannot tell", distance, why)


@dataclass(frozen=True)
class _Anchor:
    photograph: Photograph
    transform: Similarity


@dataclass(frozen=True)
class PlaceModel:
    """What a product's counted things look like, and where they are.

    Attributes:
        centres: Centres of the places on the reference that they are drawn on.
        extents: Widths and heights of the places, as the complex number ``width + i height``.
        common: Mean patch of the references, ``(channels,)``.
        anchors: References that other photographs are aligned with.
        things: Descriptors of the things, a row each, of unit length.
        limits: What tells a thing from its absence; None where the references are too few.
    """

    centres: Points
    extents: Points
    common: Array
    anchors: tuple[_Anchor, ...]
    things: Array
    limits: Limits | None

    def find(self, photograph: Photograph) -> tuple[Place, ...]:
        """Tells of each place whether its thing is there.

        Args:
            photograph: Its features are of the same encoder and scale as those of the references.

        Returns:
            The places in the order in which they were drawn.
        """
        if self.limits is None:
            why = "the references show too few such things to know how much they vary"
            return self._unknown(why)
        carried = self._carry(photograph)
        if carried is None:
            return self._unknown("the photograph could not be aligned with the references")
        transform, doubtful = carried
        patches = photograph.patches - self.common
        return tuple(
            self._judge(
                patches,
                photograph.size,
                transform,
                number,
                doubtful=bool(doubtful[number]),
                limits=self.limits,
            )
            for number in range(len(self.centres))
        )

    def _unknown(self, why: str) -> tuple[Place, ...]:
        return tuple(Place(None, "cannot tell", why=why) for _ in self.centres)

    def _carry(self, photograph: Photograph) -> tuple[Similarity, NDArray[np.bool_]] | None:
        """Aligns with the nearest anchors: the one nearest to their median, and where they disagree too much."""
        order = np.argsort([-float(a.photograph.embedding @ photograph.embedding) for a in self.anchors])
        found = []
        tried = order[:ALIGNED_WITH]
        for index in tried:
            anchor = self.anchors[index]
            onto = _alignment(anchor.photograph, photograph, self.common)
            if onto is not None:
                found.append(onto.after(anchor.transform))
        if 2 * len(found) < len(tried) or not found:
            return None
        centres = np.array([transform(self.centres) for transform in found])
        median = np.median(centres.real, axis=0) + 1j * np.median(centres.imag, axis=0)
        away = np.abs(centres - median)
        allowed = MOST_DISAGREEMENT * np.minimum(self.extents.real, self.extents.imag)
        doubtful = np.median(away, axis=0) > allowed
        return found[int(away.mean(axis=1).argmin())], doubtful

    def _judge(
        self,
        patches: Array,
        size: tuple[int, int],
        transform: Similarity,
        number: int,
        *,
        doubtful: bool,
        limits: Limits,
    ) -> Place:
        box = _pixel_box(transform, self.centres[number], self.extents[number], size)
        if doubtful:
            return Place(box, "cannot tell", why="the references disagree on where it would be")
        lattice = _lattice(transform, self.centres[number], self.extents[number])
        if _share_outside(lattice, size) > MOST_OUTSIDE:
            return Place(box, "cannot tell", why="it lies outside the photograph")
        seen = _shifted(patches, size, transform, self.centres[number], self.extents[number])
        judged = limits.judge(_distance(seen, self.things))
        return Place(box, judged.presence, judged.distance, judged.why)


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


def _placed(references: Sequence[Photograph], common: Array) -> list[_Anchor]:
    """Aligns each reference with the first, or with one that is aligned already."""
    placed = [_Anchor(references[0], Similarity(1 + 0j, 0j))]
    for reference in references[1:]:
        for anchor in placed[:ALIGNED_WITH]:
            onto = _alignment(anchor.photograph, reference, common)
            if onto is not None:
                placed.append(_Anchor(reference, onto.after(anchor.transform)))
                break
    return placed


def _alignment(source: Photograph, target: Photograph, common: Array) -> Similarity | None:
    found = align(source.patches - common, target.patches - common, (source.size, target.size))
    return None if found is None else found.transform


def _things_of(anchor: _Anchor, common: Array, centres: Points, extents: Points) -> Array:
    """Descriptors of a reference's things, ``(places, shifts, channels of the lattice)``."""
    patches, size = anchor.photograph.patches - common, anchor.photograph.size
    return np.stack(
        [
            _shifted(patches, size, anchor.transform, centre, extent)
            for centre, extent in zip(centres, extents, strict=True)
        ]
    )


def _surroundings(anchors: Sequence[_Anchor], common: Array, centres: Points, extents: Points) -> list[Array]:
    """Descriptors of boxes beside the places of each reference, a row each; they do not overlap with a place."""
    generator = np.random.default_rng(0)
    wanted = max(1, SURROUNDINGS // len(anchors))
    return [
        _beside(anchor, common, centres, extents, wanted=wanted, generator=generator) for anchor in anchors
    ]


def _beside(
    anchor: _Anchor,
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
            rows.append(_describe(patches, size, _lattice(Similarity(turn, middle), 0j, extent)))
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
                among.append(_distance(shifted, rest))
        known = np.concatenate(others) if others else things[:, 0]
        around += [_distance(row[None], known) for row in beside[number]]
    if len(among) < LEAST_VALUES or not around:
        return None
    logs = np.log(np.maximum(among, 1e-4))
    spread = max(float(logs.std(ddof=1)), LEAST_LOG_SPREAD)
    margin = float(scipy.stats.t.isf(UNUSUAL, len(logs) - 1)) * spread * np.sqrt(1 + 1 / len(logs))
    typical, surroundings = float(np.median(among)), float(np.median(around))
    return Limits(
        usual=float(np.exp(logs.mean() + margin)),
        near=typical + NEAR * (surroundings - typical),
        surroundings=surroundings,
    )


def _distance(seen: Array, things: Array) -> float:
    """1 minus the largest cosine of any row of ``seen`` with any thing."""
    return float(1 - (seen @ things.T).max())


def _shifted(
    patches: Array, size: tuple[int, int], transform: Similarity, centre: complex, extent: complex
) -> Array:
    """Descriptors of a place and of its neighbourhood, ``(shifts, channels of the lattice)``."""
    return np.stack(
        [
            _describe(patches, size, _lattice(transform, centre + _along(complex(shift), extent), extent))
            for shift in SHIFTS
        ]
    )


def _along(share: complex, extent: complex) -> complex:
    return complex(share.real * extent.real, share.imag * extent.imag)


def _lattice(transform: Similarity, centre: complex, extent: complex) -> Points:
    steps = (np.arange(LATTICE) + 0.5) / LATTICE - 0.5
    points: Points = (steps[None, :] * extent.real + 1j * steps[:, None] * extent.imag).ravel() + centre
    return transform(points)


def _describe(patches: Array, size: tuple[int, int], lattice: Points) -> Array:
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


def _share_outside(lattice: Points, size: tuple[int, int]) -> float:
    pixels = lattice * unit_of(size)
    outside = (pixels.real < 0) | (pixels.real > size[0]) | (pixels.imag < 0) | (pixels.imag > size[1])
    return float(outside.mean())


def _pixel_box(transform: Similarity, centre: complex, extent: complex, size: tuple[int, int]) -> RelativeBox:
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


def scale_for(boxes: Sequence[RelativeBox], patches: Array) -> float:
    """The multiple of the encoder's resolution at which each place spans ``PATCHES_ACROSS`` patches, or the largest.

    Args:
        boxes: The places on a photograph, from 0 to 1.
        patches: Features ``(rows, columns, channels)`` of that photograph at scale 1.
    """
    rows, columns = patches.shape[:2]
    across = min(min((right - left) * columns, (bottom - top) * rows) for left, top, right, bottom in boxes)
    return next((scale for scale in SCALES if scale * across >= PATCHES_ACROSS), SCALES[-1])
