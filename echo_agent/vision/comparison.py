"""Comparing the patches of an image with those of its references."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from echo_agent.errors import EncoderError
from echo_agent.vision.features import Array
from echo_agent.vision.side_by_side import side_by_side, thread_count

if TYPE_CHECKING:
    from torch import Tensor

ELSEWHERE = 3
"""Patches of the same image count as elsewhere from so many rows or columns away."""

LIKE_PATCHES = 3
"""A patch's rarity is the mean distance to so many nearest patches elsewhere in its image."""

LARGE_GRID = 400
"""Grids of more patches than this hold every structure in many of them: a quarter is enough to find like ones."""

AT_ONCE = 64
"""Patches of an image compared at once: their distances to a whole bank stay in the processor's cache."""


@dataclass(frozen=True)
class PatchBank:
    """Patches of all references of a product.

    Attributes:
        patches: ``(patches, channels)``, float32.
        image_ids: Index of the reference that each patch is of, ``(patches,)``, int32.
        neighbours: So many nearest patches say how far a patch lies from the bank; see ``patch_distances``.
    """

    patches: Array
    image_ids: np.ndarray[tuple[int], np.dtype[np.int32]]
    neighbours: int = 1

    @cached_property
    def terms(self) -> Array:
        """What a patch and a 1 are multiplied with for the squared distance, but for the patch's own squared length."""
        norms = np.einsum("pc,pc->p", self.patches, self.patches)
        return np.concatenate([-2.0 * self.patches, norms[:, None]], axis=1, dtype=np.float32)

    @classmethod
    def of(cls, grids: Sequence[Array], image_ids: Sequence[int]) -> "PatchBank":
        """Makes a bank from patch grids ``(rows, columns, channels)`` and the index of the reference of each."""
        flat = [grid.reshape(-1, grid.shape[-1]) for grid in grids]
        marks = [
            np.full(len(rows), image_id, dtype=np.int32)
            for rows, image_id in zip(flat, image_ids, strict=True)
        ]
        return cls(patches=np.concatenate(flat, dtype=np.float32), image_ids=np.concatenate(marks))

    def without(self, image_id: int) -> "PatchBank":
        """The bank without one reference."""
        keep = self.image_ids != image_id
        return PatchBank(self.patches[keep], self.image_ids[keep], self.neighbours)


def patch_distances(grid: Array, bank: PatchBank) -> Array:
    """Finds for each patch how far it lies from the references.

    With one neighbour that is the distance to the nearest patch of the references. With more it is how far they draw
    the patch; see ``_drawn``.

    Args:
        grid: Patch features of the image ``(rows, columns, channels)``; of unit length for more than one neighbour.
        bank: Patches of the references.

    Returns:
        Euclidean distances ``(rows, columns)``, float32, from 0 to 2 for patches of unit length.

    Raises:
        EncoderError: The bank is empty: a coreset of patches that are all alike holds those of one reference alone.
    """
    import torch

    if not len(bank.patches):
        raise EncoderError(
            "the encoder gives the same features for all references, so there is nothing to compare"
        )
    if bank.neighbours > 1:
        return _drawn(grid, bank)
    rows, columns, channels = grid.shape
    flat = np.asarray(grid.reshape(-1, channels), dtype=np.float32)
    query = torch.from_numpy(np.concatenate([flat, np.ones((len(flat), 1), np.float32)], axis=1))
    terms = torch.from_numpy(bank.terms).T
    nearest = _in_parts(query, lambda part: (part @ terms).amin(dim=1))
    squared = nearest + np.einsum("pc,pc->p", flat, flat)
    return np.asarray(np.sqrt(np.maximum(squared, 0)).reshape(rows, columns), dtype=np.float32)


def _drawn(grid: Array, bank: PatchBank) -> Array:
    """How far the nearest patches of the references draw each patch: ANoCo's anchored Laplacian.

    ``|x' - x|^2 + sum_j w_j |x' - n_j|^2`` over the nearest patches ``n_j`` with their cosine as weights has its least
    at ``x' = (x + sum w n) / (1 + sum w)`` (Seo et al., CVPR 2026, arXiv 2605.28428); the distance is ``|x' - x|``.
    """
    import torch

    query = torch.from_numpy(np.asarray(grid.reshape(-1, grid.shape[-1]), dtype=np.float32))
    patches = torch.from_numpy(bank.patches)
    count = min(bank.neighbours, len(patches))

    def moved(part: "Tensor") -> "Tensor":
        cosines, found = (part @ patches.T).topk(count, dim=1, sorted=False)
        weights = cosines.clamp_min_(0.0)
        total = weights.sum(dim=1, keepdim=True)
        drawn = torch.einsum("pk,pkc->pc", weights, patches[found]) - total * part
        lengths: Tensor = torch.linalg.vector_norm(drawn / (1.0 + total), dim=1)
        return lengths

    return np.asarray(_in_parts(query, moved).reshape(grid.shape[:2]), dtype=np.float32)


def _in_parts(query: "Tensor", found: "Callable[[Tensor], Tensor]") -> Array:
    """What a function finds for each of some patches, ``AT_ONCE`` of them at once."""
    import torch

    def of(some: "Tensor") -> "Tensor":
        with torch.inference_mode():
            return torch.cat([found(part) for part in torch.split(some, AT_ONCE)])

    share = AT_ONCE * math.ceil(len(query) / AT_ONCE / thread_count())
    shares = side_by_side([partial(of, some) for some in torch.split(query, share)])
    return np.concatenate([one.numpy() for one in shares])


def rarity(grid: Array) -> Array:
    """How unlike the rest of its own image each patch is.

    Args:
        grid: Patch features of an image ``(rows, columns, channels)``.

    Returns:
        Mean Euclidean distance to the three nearest patches that lie at least three rows or columns away
        ``(rows, columns)``, float32; 0 where the image is too small to have such patches. On a large grid they are
        sought in every other row and column.
    """
    import torch

    rows, columns, channels = grid.shape
    step = 2 if rows * columns > LARGE_GRID else 1
    patches = torch.from_numpy(np.ascontiguousarray(grid, dtype=np.float32))
    others = patches[::step, ::step].reshape(-1, channels)
    query = patches.reshape(-1, channels)
    with torch.inference_mode():
        norms, lengths = (torch.einsum("pc,pc->p", some, some) for some in (others, query))
        squared = torch.addmm(norms, query, others.T, alpha=-2.0).add_(_near(rows, columns, step))
        nearest = squared.topk(min(LIKE_PATCHES, len(others)), dim=1, largest=False, sorted=False).values
        found = nearest.add_(lengths[:, None]).clamp_min_(0).mean(dim=1).sqrt()
    return torch.where(found.isfinite(), found, 0.0).reshape(rows, columns).numpy()


@lru_cache(maxsize=8)
def _near(rows: int, columns: int, step: int) -> "Tensor":
    """Infinity between a patch and those of every so many rows and columns that are not elsewhere, else 0."""
    import torch

    across, along = (_within_reach(length, step) for length in (rows, columns))
    near = (across[:, None, :, None] & along[None, :, None, :]).reshape(rows * columns, -1)
    return torch.zeros(near.shape).masked_fill_(near, float("inf"))


def _within_reach(length: int, step: int) -> "Tensor":
    """Which of every so many rows are not elsewhere, for each row."""
    import torch

    place = torch.arange(length)
    near: Tensor = (place[:, None] - place[None, ::step]).abs() < ELSEWHERE
    return near
