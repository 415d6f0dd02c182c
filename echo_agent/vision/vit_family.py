"""The vision transformers that can encode, and what sets their families apart."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

DENSE_LEVELS = (2 / 3, 1.0)
"""Self-supervised families: their last block is trained for patches too, as the few-shot detector AnomalyDINO uses it
(Damm et al. 2025); a middle one adds finer texture."""

LANGUAGE_LEVELS = (1 / 2, 3 / 4)
"""Families trained against text: their last blocks gather what the caption says and lose the place, so the middle and
the later one are taken (as WinCLIP's successors do, such as AnomalyCLIP, Zhou et al. 2024)."""

DENSE_SIDE = 448
"""Working side in pixels: that of AnomalyDINO, 32 x 32 patches of 14 pixels."""

MIN_LANGUAGE_SIDE = 336
"""Working side in pixels of families trained against text, unless they were trained on larger images."""


@dataclass(frozen=True)
class Family:
    """A family of vision transformers.

    Attributes:
        layers: Which hidden states are layers, as shares of the depth.
        norm: Name of the model's last normalisation, which every layer passes.
        prefix: Number of tokens before the patches (CLS, registers), from the vision config.
        side: Working side in pixels, from the vision config.
        inputs: The model's arguments for pixels ``(images, 3, height, width)`` and a patch size.
    """

    layers: tuple[float, ...]
    norm: str
    prefix: Callable[[Any], int]
    side: Callable[[Any], int]
    inputs: Callable[[Tensor, int], dict[str, Any]]

    def hidden_states(self, depth: int) -> tuple[int, ...]:
        """The hidden states that are layers, from 1 (after the first block) to ``depth``."""
        return tuple(dict.fromkeys(max(1, round(share * depth)) for share in self.layers))


def _pixels_alone(pixels: Tensor, patch: int) -> dict[str, Any]:
    """For models that fit their position encodings to any size by themselves."""
    return {"pixel_values": pixels}


def _interpolated(pixels: Tensor, patch: int) -> dict[str, Any]:
    """For models that interpolate their position encodings when told to."""
    return {"pixel_values": pixels, "interpolate_pos_encoding": True}


def _cut_into_patches(pixels: Tensor, patch: int) -> dict[str, Any]:
    """For SigLIP 2 of any size (NaFlex), which takes rows of patches ``(images, patches, patch * patch * 3)``."""
    count, channels, height, width = pixels.shape
    rows, columns = height // patch, width // patch
    tiles = pixels.reshape(count, channels, rows, patch, columns, patch).permute(0, 2, 4, 3, 5, 1)
    return {
        "pixel_values": tiles.reshape(count, rows * columns, patch * patch * channels),
        "pixel_attention_mask": torch.ones(count, rows * columns, dtype=torch.int64, device=pixels.device),
        "spatial_shapes": torch.tensor([[rows, columns]] * count),
    }


def _no_prefix(config: Any) -> int:
    return 0


def _class_token(config: Any) -> int:
    return 1


def _class_token_and_registers(config: Any) -> int:
    return 1 + int(config.num_register_tokens)


def _dense_side(config: Any) -> int:
    return DENSE_SIDE


def _language_side(config: Any) -> int:
    return max(MIN_LANGUAGE_SIDE, int(getattr(config, "image_size", 0) or 0))


FAMILIES = {
    "dinov2": Family(DENSE_LEVELS, "layernorm", _class_token, _dense_side, _pixels_alone),
    "dinov2_with_registers": Family(
        DENSE_LEVELS, "layernorm", _class_token_and_registers, _dense_side, _pixels_alone
    ),
    "dinov3_vit": Family(DENSE_LEVELS, "norm", _class_token_and_registers, _dense_side, _pixels_alone),
    "clip_vision_model": Family(
        LANGUAGE_LEVELS, "post_layernorm", _class_token, _language_side, _interpolated
    ),
    "siglip_vision_model": Family(
        LANGUAGE_LEVELS, "post_layernorm", _no_prefix, _language_side, _interpolated
    ),
    "siglip2_vision_model": Family(
        LANGUAGE_LEVELS, "post_layernorm", _no_prefix, _language_side, _cut_into_patches
    ),
}
"""By the model type of the vision config. SigLIP 2 of one size has SigLIP's type, SigLIP 2 NaFlex its own."""
