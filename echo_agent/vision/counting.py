"""Counting things at places that are drawn on one reference: which of them are there in another photograph.

The places are carried to every photograph by aligning it with references. What lies at a place is compared with
what lies at the places of the references; how alike these are among each other, one left out, and how unlike their
surroundings are, tells what is there and what is missing. No photograph of a missing thing is needed.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from echo_agent.vision.alignment import Points, Similarity
from echo_agent.vision.features import Array
from echo_agent.vision.place_descriptors import (
    Photograph,
    RelativeBox,
    align_photographs,
    describe_around,
    distance_to_things,
    lattice_of,
    pixel_box,
    share_outside,
)

Presence = Literal["present", "missing", "undetermined"]

ALIGNED_WITH = 4
MAX_OUTSIDE = 0.2
"""Share of a place that may lie outside the photograph."""

MAX_DISAGREEMENT = 0.25
"""Share of the box by which references may disagree where a place is."""


@dataclass(frozen=True)
class Place:
    """What was found at a place.

    Attributes:
        box: Left, top, right and bottom in pixels of the photograph, not cut at its edges; None where the photograph
            could not be aligned.
        presence: Whether the thing is there.
        distance: How unlike the things of the references it is, 0 to 2; None where it was not compared.
        why: For "undetermined", one clause.
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
            return Place(None, "undetermined", distance, why)
        if distance <= min(self.usual, self.near):
            return Place(None, "present", distance)
        if distance > max(self.usual, self.near):
            return Place(None, "missing", distance)
        if distance > self.usual:
            why = "what is there resembles the references' things less than they resemble each other"
        else:
            why = "the references' things vary too much to tell what is there from what is not"
        return Place(None, "undetermined", distance, why)


@dataclass(frozen=True)
class Anchor:
    """A reference that other photographs are aligned with, and how the drawn places are carried to it."""

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
    anchors: tuple[Anchor, ...]
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
        return tuple(Place(None, "undetermined", why=why) for _ in self.centres)

    def _carry(self, photograph: Photograph) -> tuple[Similarity, NDArray[np.bool_]] | None:
        """Aligns with the nearest anchors: the one nearest to their median, and where they disagree too much."""
        order = np.argsort([-float(a.photograph.embedding @ photograph.embedding) for a in self.anchors])
        found = []
        tried = order[:ALIGNED_WITH]
        for index in tried:
            anchor = self.anchors[index]
            onto = align_photographs(anchor.photograph, photograph, self.common)
            if onto is not None:
                found.append(onto.after(anchor.transform))
        if 2 * len(found) < len(tried) or not found:
            return None
        centres = np.array([transform(self.centres) for transform in found])
        median = np.median(centres.real, axis=0) + 1j * np.median(centres.imag, axis=0)
        away = np.abs(centres - median)
        allowed = MAX_DISAGREEMENT * np.minimum(self.extents.real, self.extents.imag)
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
        box = pixel_box(transform, self.centres[number], self.extents[number], size)
        if doubtful:
            return Place(box, "undetermined", why="the references disagree on where it would be")
        lattice = lattice_of(transform, self.centres[number], self.extents[number])
        if share_outside(lattice, size) > MAX_OUTSIDE:
            return Place(box, "undetermined", why="it lies outside the photograph")
        seen = describe_around(patches, size, transform, self.centres[number], self.extents[number])
        judged = limits.judge(distance_to_things(seen, self.things))
        return Place(box, judged.presence, judged.distance, judged.why)
