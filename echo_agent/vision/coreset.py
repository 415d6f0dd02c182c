"""A bank of bounded size: the patches that stand for all patches of many references."""

from collections.abc import Iterable

import numpy as np

from echo_agent.vision.comparison import PatchBank
from echo_agent.vision.features import Array

MOST_PATCHES = 16384
"""A bank keeps at most so many patches: all of 32 images or so with the embedded encoder."""

POOL = 4
"""So many times ``MOST_PATCHES`` are gathered before they are thinned out: bounds the memory."""

CHOSEN_AT_ONCE = 0.01
"""Share of the wanted patches that one step of the greedy choice takes, of the farthest ones."""

SAME = 1e-5
"""Patches of unit length nearer than this, squared, are copies of each other."""


def bounded_bank(grids: Iterable[tuple[Array, int]], most: int = MOST_PATCHES) -> PatchBank:
    """Makes a bank of at most so many patches; all of them where there are fewer.

    More are thinned out by a greedy choice, pool after pool (a coreset of coresets), so neither memory nor the time of
    a comparison grows with the number of references.

    Args:
        grids: Patch grids ``(rows, columns, channels)``, each with the index of its reference; at least one.
        most: Most patches to keep.

    Returns:
        The bank, float32.
    """
    patches: list[Array] = []
    owners: list[np.ndarray[tuple[int], np.dtype[np.int32]]] = []
    gathered = 0
    for grid, owner in grids:
        rows = grid.reshape(-1, grid.shape[-1]).astype(np.float32, copy=False)
        patches.append(rows)
        owners.append(np.full(len(rows), owner, dtype=np.int32))
        gathered += len(rows)
        if gathered >= POOL * most:
            pool = np.concatenate(patches)
            kept = greedy_coreset(pool, most)
            patches, owners, gathered = [pool[kept]], [np.concatenate(owners)[kept]], len(kept)
    pool = np.ascontiguousarray(np.concatenate(patches))
    marks = np.concatenate(owners)
    if len(pool) <= most:
        return PatchBank(pool, marks)
    kept = greedy_coreset(pool, most)
    return PatchBank(pool[kept], marks[kept])


def greedy_coreset(patches: Array, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Chooses patches so that every other one is near to a chosen one: always the farthest next.

    Greedy k-center (Gonzalez, Theoretical Computer Science 38, 1985), as PatchCore thins out its memory, except that
    the farthest patches are chosen a hundredth of the whole at once.

    Args:
        patches: ``(patches, channels)``, float32.
        count: How many to choose; fewer are chosen where the others are copies of them.

    Returns:
        Indices of the chosen ones, in rising order.
    """
    import torch

    everything = torch.from_numpy(patches)
    at_once = max(1, int(CHOSEN_AT_ONCE * count))
    taken = torch.zeros(len(patches), dtype=torch.bool)
    with torch.inference_mode():
        norms = torch.einsum("pc,pc->p", everything, everything)
        nearest = torch.full((len(patches),), float("inf"))
        added = torch.zeros(1, dtype=torch.long)
        while True:
            taken[added] = True
            squared = (
                torch.addmm(norms[:, None], everything, everything[added].T, alpha=-2.0) + norms[added][None]
            )
            nearest = torch.minimum(nearest, squared.min(dim=1).values).masked_fill_(taken, 0.0)
            added = nearest.topk(min(at_once, count - int(taken.sum()))).indices
            added = added[nearest[added] > SAME]
            if not len(added):
                return np.flatnonzero(taken.numpy())
