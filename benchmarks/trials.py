"""Ways to measure how far a patch lies from the references that were published by others, tried beside Echo's."""

from dataclasses import replace

import numpy as np

from echo_agent.vision.comparison import PatchBank, patch_distances
from echo_agent.vision.features import Array

REFINED = 0.5
"""How far the references' patches are moved towards what an image shows of them."""

TEMPERATURE = 0.05
"""Entropy of the transport between an image's patches and those of the references, in the unit of their distances."""

ROUNDS = 20


def nearest_patch(grid: Array, bank: PatchBank) -> Array:
    """Distances to the nearest patch of the references alone.

    Args:
        grid: Patch features of the image ``(rows, columns, channels)``.
        bank: Patches of the references.
    """
    return patch_distances(grid, replace(bank, neighbours=1))


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
    return patch_distances(grid, PatchBank(np.asarray(moved, dtype=np.float32), bank.image_ids))
