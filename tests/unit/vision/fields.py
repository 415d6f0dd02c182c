"""Photographs as features, without pixels: a field that varies over the plane, with things on it."""

import numpy as np

from echo_agent.vision.alignment import Similarity, patch_points
from echo_agent.vision.place_descriptors import Photograph

CHANNELS = 48
GRID = (24, 30)
SIZE = (600, 480)
RADIUS = 0.07


class Field:
    """A surface: features that vary smoothly over the plane, the same for each photograph of it.

    Args:
        seed: Surfaces of other seeds are unlike this one.
    """

    def __init__(self, seed: int = 0) -> None:
        generator = np.random.default_rng(seed)
        self._waves = generator.normal(0, 12, (CHANNELS, 2))
        self._phases = generator.uniform(0, 2 * np.pi, CHANNELS)
        self._thing = np.random.default_rng(99).normal(0, 3, CHANNELS)

    def photograph(
        self, things: list[complex], motion: Similarity | None = None, seed: int = 0
    ) -> Photograph:
        """Photographs the surface with things at points of it, moved by ``motion``.

        Args:
            things: Where things lie.
            motion: From points of the surface to points of the photograph.
            seed: Seed of the noise.
        """
        moved = motion or Similarity(1 + 0j, 0j)
        points = patch_points(np.zeros((*GRID, 1), dtype=np.float32), SIZE)
        seen = (points - moved.shift) / moved.turn
        values = np.sin(np.stack([seen.real, seen.imag], axis=1) @ self._waves.T + self._phases)
        for thing in things:
            weight = np.exp(-((np.abs(seen - thing) / RADIUS) ** 2))[:, None]
            values = values * (1 - weight) + weight * self._thing
        values += np.random.default_rng(seed).normal(0, 0.1, values.shape)
        embedding = np.ones(4, dtype=np.float32) / 2
        return Photograph(values.reshape(*GRID, CHANNELS).astype(np.float32), embedding, SIZE)
