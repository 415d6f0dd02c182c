"""Comparing the patches of an image with those of its references."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from echo_agent.vision.features import Array

ELSEWHERE = 3
"""Patches of the same image count as elsewhere from so many rows or columns away."""

LIKE_PATCHES = 3
"""A patch's rarity is the mean distance to so many nearest patches elsewhere in its image."""

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

    @cached_property
    def squared_norms(self) -> Array:
        """Squared lengths of the patches ``(patches,)``."""
        return np.asarray(np.einsum("pc,pc->p", self.patches, self.patches), dtype=np.float32)

    @classmethod
    def of(cls, grids: Sequence[Array], owners: Sequence[int]) -> "PatchBank":
        """Makes a bank from patch grids ``(rows, columns, channels)`` and the index of the reference of each."""
        flat = [grid.reshape(-1, grid.shape[-1]) for grid in grids]
        marks = [np.full(len(rows), owner, dtype=np.int32) for rows, owner in zip(flat, owners, strict=True)]
        return cls(patches=np.concatenate(flat, dtype=np.float32), owners=np.concatenate(marks))

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
    query = torch.from_numpy(np.ascontiguousarray(grid.reshape(-1, channels), dtype=np.float32))
    nearest = torch.full((len(query),), float("inf"))
    index = torch.zeros(len(query), dtype=torch.long)
    with torch.inference_mode():
        patches, norms = torch.from_numpy(bank.patches), torch.from_numpy(bank.squared_norms[None])
        for start in range(0, len(patches), BLOCK_ROWS):
            block = patches[start : start + BLOCK_ROWS]
            found = torch.addmm(norms[:, start : start + BLOCK_ROWS], query, block.T, alpha=-2.0).min(dim=1)
            closer = found.values < nearest
            nearest = torch.where(closer, found.values, nearest)
            index = torch.where(closer, found.indices + start, index)
        difference = query - patches[index]
        whole = difference.norm(dim=1).reshape(rows, columns).numpy()
        return Distances(whole, difference[:, :fine].norm(dim=1).reshape(rows, columns).numpy())


def rarity(grid: Array) -> Array:
    """How unlike the rest of its own image each patch is.

    Args:
        grid: Patch features of an image ``(rows, columns, channels)``.

    Returns:
        Mean Euclidean distance to the three nearest patches that lie at least three rows or columns away
        ``(rows, columns)``, float32; 0 where the image is too small to have such patches.
    """
    import torch

    rows, columns, channels = grid.shape
    patches = torch.from_numpy(np.ascontiguousarray(grid.reshape(-1, channels), dtype=np.float32))
    row, column = torch.arange(rows), torch.arange(columns)
    near_row = (row[:, None] - row[None]).abs() < ELSEWHERE
    near_column = (column[:, None] - column[None]).abs() < ELSEWHERE
    near = (near_row[:, None, :, None] & near_column[None, :, None, :]).reshape(
        rows * columns, rows * columns
    )
    with torch.inference_mode():
        norms = (patches * patches).sum(dim=1)
        squared = torch.addmm(norms[None] + norms[:, None], patches, patches.T, alpha=-2.0)
        squared = squared.masked_fill(near, float("inf"))
        nearest = squared.topk(min(LIKE_PATCHES, len(patches)), dim=1, largest=False).values.clamp_min(0)
        found = nearest.mean(dim=1).sqrt()
    return torch.where(found.isfinite(), found, 0.0).reshape(rows, columns).numpy()
