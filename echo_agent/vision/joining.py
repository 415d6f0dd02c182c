"""Joining features of several depths of a network into one."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def join_levels(levels: Sequence[Tensor]) -> Tensor:
    """Joins levels of one grid ``(..., channels)``: each is brought to unit length, and so is the whole."""
    joined: Tensor = torch.cat([functional.normalize(level, dim=-1) for level in levels], dim=-1)
    return joined.div(len(levels) ** 0.5)
