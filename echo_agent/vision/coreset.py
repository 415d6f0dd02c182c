"""A bank of bounded size: the patches that stand for all patches of many references."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from echo_agent.vision.comparison import PatchBank
from echo_agent.vision.features import Array

MAX_PATCHES = 1536
"""A bank keeps at most so many patches: with the embedded encoder all of 6 images at the middle layer."""

POOL = 3
"""So many times ``MAX_PATCHES`` are gathered before they are thinned out: bounds the memory."""

CHOSEN_AT_ONCE = 0.01
"""Share of the wanted patches that one step of the greedy choice takes, of the farthest ones."""

SAME = 1e-5
"""Patches of unit length nearer than this, squared, are copies of each other."""

MAX_THREADS = 4
"""Threads of the greedy choice: its steps are too short for more to pay, and beside other work each waits for the
slowest (on 16 cores beside two other jobs: 6 s with 16 threads, 0.04 s with 4)."""

_choosing = threading.Lock()


def bounded_banks(
    views: Iterable[tuple[Sequence[Array], int]], most: int = MAX_PATCHES
) -> tuple[PatchBank, ...]:
    """Makes a bank a layer, each of at most so many patches; all of them where there are fewer.

    More are thinned out by a greedy choice, pool after pool (a coreset of coresets), so neither memory nor the time of
    a comparison grows with the number of references.

    Args:
        views: The patch grids ``(rows, columns, channels)`` of a view, one a layer, with the index of its reference;
            at least one view.
        most: Most patches to keep at a layer.

    Returns:
        The banks, float32, in the order of the layers.
    """
    pools: list[_Pool] = []
    for grids, image_id in views:
        pools = pools or [_Pool(most, grid.shape[-1]) for grid in grids]
        for pool, grid in zip(pools, grids, strict=True):
            rows = grid.reshape(-1, grid.shape[-1])
            for start in range(0, len(rows), most):
                pool.take(rows[start : start + most], image_id)
    if not pools:
        raise ValueError("banks are made of at least one view")
    return tuple(pool.bank() for pool in pools)


class _Pool:
    """Gathers patches, and thins them out whenever it is full."""

    def __init__(self, most: int, channels: int) -> None:
        self._most = most
        self._patches = np.empty((POOL * most, channels), dtype=np.float32)
        self._owners = np.empty(POOL * most, dtype=np.int32)
        self._filled = 0

    def take(self, rows: Array, image_id: int) -> None:
        """Adds patches of a reference."""
        if self._filled + len(rows) > len(self._patches):
            self._thin_out()
        added = slice(self._filled, self._filled + len(rows))
        self._patches[added], self._owners[added] = rows, image_id
        self._filled = added.stop

    def bank(self) -> PatchBank:
        """The patches, thinned out where they are too many."""
        if self._filled > self._most:
            self._thin_out()
        return PatchBank(self._patches[: self._filled].copy(), self._owners[: self._filled].copy())

    def _thin_out(self) -> None:
        kept = greedy_coreset(self._patches[: self._filled], self._most)
        self._filled = len(kept)
        self._patches[: self._filled], self._owners[: self._filled] = self._patches[kept], self._owners[kept]


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
    with _few_threads(), torch.inference_mode():
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


@contextmanager
def _few_threads() -> Iterator[None]:
    """Bounds torch's threads for a while; one at a time, since their number is the process's."""
    import torch

    with _choosing:
        before = torch.get_num_threads()
        torch.set_num_threads(min(before, MAX_THREADS))
        try:
            yield
        finally:
            torch.set_num_threads(before)
