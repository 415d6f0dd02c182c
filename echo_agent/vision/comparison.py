"""Comparing the patches of an image with those of its references."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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


@dataclass(frozen=True)
class Distances:
    """How far the patches of an image are from their nearest patches of the references.

    Attributes:
        whole: Euclidean distances over all channels ``(rows, columns)``, float32, at least 0.
        fine: The same pairs' distances over the channels that say where something is.
    """

    whole: Array
    fine: Array


def patch_distances(grid: Array, bank: PatchBank, fine: int | None = None) -> Distances:
    """Finds for each patch the nearest patch of the references, by Euclidean distance over all channels.

    Args:
        grid: Patch features of the image ``(rows, columns, channels)``.
        bank: Patches of the references.
        fine: How many of the first channels say where something is; all where not given.

    Returns:
        The distances (at most 2 over all channels for patches of unit length).
    """
    import torch

    rows, columns, channels = grid.shape
    query = torch.from_numpy(np.ascontiguousarray(grid.reshape(-1, channels)))
    nearest = torch.full((len(query),), float("inf"))
    index = torch.zeros(len(query), dtype=torch.long)
    with torch.inference_mode():
        patches = torch.from_numpy(bank.patches)
        for start in range(0, len(patches), BLOCK_ROWS):
            block = patches[start : start + BLOCK_ROWS]
            found = torch.addmm((block * block).sum(dim=1)[None], query, block.T, alpha=-2.0).min(dim=1)
            closer = found.values < nearest
            nearest = torch.where(closer, found.values, nearest)
            index = torch.where(closer, found.indices + start, index)
        difference = query - patches[index]
        whole = difference.norm(dim=1).reshape(rows, columns).numpy()
        return Distances(whole, difference[:, :fine].norm(dim=1).reshape(rows, columns).numpy())
