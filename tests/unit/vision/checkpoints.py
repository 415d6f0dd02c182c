"""Tiny checkpoints of every family, with random weights: small enough to be made by the tests."""

import json
from pathlib import Path

import torch
import transformers

PATCH = 14
SMALL = {"hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2}
WIDE = {"intermediate_size": 32}
TEXT = {**SMALL, **WIDE, "vocab_size": 50, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
GRID = {"patch_size": PATCH, "image_size": PATCH * 4}


def _language(prefix: str, vision: dict) -> torch.nn.Module:
    config = getattr(transformers, f"{prefix}Config")(vision_config=vision, text_config=TEXT)
    return getattr(transformers, f"{prefix}Model")(config)


FAMILIES = {
    "dinov2": lambda: transformers.Dinov2Model(transformers.Dinov2Config(**SMALL, **GRID)),
    "dinov2_with_registers": lambda: transformers.Dinov2WithRegistersModel(
        transformers.Dinov2WithRegistersConfig(**SMALL, **GRID, num_register_tokens=3)
    ),
    "dinov3": lambda: transformers.DINOv3ViTModel(
        transformers.DINOv3ViTConfig(**SMALL, **WIDE, **GRID, num_register_tokens=2)
    ),
    "clip": lambda: _language("CLIP", {**SMALL, **WIDE, **GRID}),
    "siglip": lambda: _language("Siglip", {**SMALL, **WIDE, **GRID}),
    "siglip2": lambda: _language("Siglip2", {**SMALL, **WIDE, "patch_size": PATCH, "num_patches": 16}),
}


def save_checkpoint(family: str, folder: Path, *, seed: int = 0) -> Path:
    """Saves a tiny checkpoint of a family with its image processor's settings."""
    torch.manual_seed(seed)
    FAMILIES[family]().save_pretrained(folder)
    settings = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25], "rescale_factor": 1 / 255}
    (folder / "preprocessor_config.json").write_text(json.dumps({**settings, "resample": 3}))
    return folder
