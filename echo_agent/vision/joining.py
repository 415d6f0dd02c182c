"""Joining features of several depths of a network into one."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def join_layers(layers: Sequence[Tensor]) -> Tensor:
    """Joins layers of one grid ``(..., channels)``: each is brought to unit length, and so is the whole."""
    joined: Tensor = torch.cat([functional.normalize(layer, dim=-1) for layer in layers], dim=-1)
    return joined.div(len(layers) ** 0.5)
