"""Comparing the patches of an image with those of its references."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from echo_agent.vision.features import Array

BLOCK_ROWS = 8192
"""Bank rows compared at once: bounds the size of the distance matrix."""


@dataclass(frozen=True)
class PatchBank:
    """Patches of all references of a product.

    Attributes:
        patches: ``(patches, channels)``, float32.
        owners: Index of the reference that each patch is of, ``(patches,)``, int32.
    """

    patches: Array
    owners: np.ndarray[tuple[int], np.dtype[np.int32]]

    @classmethod
    def of(cls, grids: Sequence[Array], owners: Sequence[int]) -> "PatchBank":
        """Makes a bank from patch grids ``(rows, columns, channels)`` and the index of the reference of each."""
        flat = [grid.reshape(-1, grid.shape[-1]) for grid in grids]
        marks = [np.full(len(rows), owner, dtype=np.int32) for rows, owner in zip(flat, owners, strict=True)]
        return cls(patches=np.ascontiguousarray(np.concatenate(flat)), owners=np.concatenate(marks))

    def without(self, owner: int) -> "PatchBank":
        """The bank without one reference."""
        keep = self.owners != owner
        return PatchBank(patches=self.patches[keep], owners=self.owners[keep])


def patch_distances(grid: Array, bank: PatchBank) -> Array:
    """Distance of each patch to the nearest patch of the references.

    Args:
        grid: Patch features of the image ``(rows, columns, channels)``.
        bank: Patches of the references.

    Returns:
        Euclidean distances ``(rows, columns)``, float32, at least 0 (at most 2 for patches of unit length).
    """
    rows, columns, channels = grid.shape
    query = torch.from_numpy(np.ascontiguousarray(grid.reshape(-1, channels)))
    nearest = torch.full((len(query),), float("inf"))
    with torch.inference_mode():
        patches = torch.from_numpy(bank.patches)
        for start in range(0, len(patches), BLOCK_ROWS):
            block = patches[start : start + BLOCK_ROWS]
            squared = torch.addmm((block * block).sum(dim=1)[None], query, block.T, alpha=-2.0)
            nearest = torch.minimum(nearest, squared.min(dim=1).values)
        nearest += (query * query).sum(dim=1)
        return nearest.clamp_min_(0).sqrt_().reshape(rows, columns).numpy()
