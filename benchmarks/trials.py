"""Ways to measure how far a patch lies from the references that were published by others, tried beside Echo's."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from echo_agent.vision.comparison import PatchBank, patch_distances
from echo_agent.vision.features import Array

REFINED = 0.5
"""How far the references' patches are moved towards what an image shows of them."""

TEMPERATURE = 0.05
"""Entropy of the transport between an image's patches and those of the references, in the unit of their distances."""

ROUNDS = 20

LIKE = 11
"""A reference's patch and ten around it."""

VARYING = 0.3
"""Distance that is added to how far a reference's patches lie from each other."""


Nearest = Callable[[Array, PatchBank], Array]


def drawn_by(neighbours: int) -> Nearest:
    """How far so many nearest patches of the references draw a patch; one: the distance to it."""
    return lambda grid, bank: patch_distances(grid, replace(bank, neighbours=neighbours))


def like_its_neighbours(grid: Array, bank: PatchBank) -> Array:
    """Distances over how far the nearest patch of the references lies from those around it: what varies counts less.

    Args:
        grid: Patch features of the image ``(rows, columns, channels)``.
        bank: Patches of the references.
    """
    flat = np.asarray(grid.reshape(-1, grid.shape[-1]), dtype=np.float32)
    own = np.partition(bank.patches @ bank.patches.T, -LIKE, axis=1)[:, -LIKE:-1].mean(axis=1)
    spread = np.sqrt(np.maximum(2.0 - 2.0 * own, 0.0)) + VARYING
    nearest = spread[(flat @ bank.patches.T).argmax(axis=1)].reshape(grid.shape[:2])
    return np.asarray(patch_distances(grid, bank) / nearest, dtype=np.float32)


def mean_of_three(grid: Array, bank: PatchBank) -> Array:
    """The mean distance to the three nearest patches of the references.

    Args:
        grid: Patch features of the image ``(rows, columns, channels)``.
        bank: Patches of the references.
    """
    flat = np.asarray(grid.reshape(-1, grid.shape[-1]), dtype=np.float32)
    squared = (bank.patches**2).sum(axis=1) - 2.0 * flat @ bank.patches.T
    nearest = np.partition(squared, 2, axis=1)[:, :3] + (flat**2).sum(axis=1, keepdims=True)
    return np.asarray(np.sqrt(np.maximum(nearest, 0)).mean(axis=1).reshape(grid.shape[:2]), dtype=np.float32)


def refined(grid: Array, bank: PatchBank) -> Array:
    """Distances to references that were refined to the image: FastRef's characteristic transfer and transport.

    An optimal transport with entropy between the references' patches and the image's carries each reference's patch
    half of the way to what the image shows of it; each takes part with the same mass, which keeps defects from being
    copied (Tian et al., CVPR 2026, arXiv 2506.21398, with the transport in place of their learned transformation).

    Args:
        grid: Patch features of the image ``(rows, columns, channels)``.
        bank: Patches of the references.
    """
    flat = np.asarray(grid.reshape(-1, grid.shape[-1]), dtype=np.float32)
    kernel = np.exp((bank.patches @ flat.T - 1.0) / TEMPERATURE) + 1e-12
    own, other = np.ones(len(kernel), np.float32), np.ones(len(flat), np.float32)
    for _ in range(ROUNDS):
        own = 1.0 / (kernel @ other) / len(own)
        other = 1.0 / (kernel.T @ own) / len(other)
    plan = own[:, None] * kernel * other
    shown = (plan @ flat) / plan.sum(axis=1, keepdims=True)
    moved = (1.0 - REFINED) * bank.patches + REFINED * shown
    moved /= np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)
    return patch_distances(grid, replace(bank, patches=np.asarray(moved, dtype=np.float32)))
