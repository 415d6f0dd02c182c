"""DINOv2 ViT-S/14 as encoder: patches of its blocks 6 and 8, from an installed package where there is no hub.

What a convolutional network finds hard it finds easy, and the other way: parts that lie at any angle, cloth, grids.
"""

import threading
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from echo_agent.vision.batching import Size, encode_by_size
from echo_agent.vision.cnn import resized
from echo_agent.vision.dinov2_weights import (
    NAME,
    PATCH,
    Dinov2Source,
    find_source,
    onnx_blocks,
    torch_blocks,
)
from echo_agent.vision.features import FeatureLayer, Features, Use
from echo_agent.vision.joining import join_layers
from echo_agent.vision.resolution import working_size

WORKING_SIDE = 336
BLOCKS = (6, 8)
"""Blocks whose outputs are joined: what later ones say depends on what a network was trained for last."""

USE = Use(rarity=0.7, surroundings=0.5, top_k_share=0.0035, neighbours=10)
"""How the patches count: raised by their rarity, less half of their surroundings, the worst two of a photograph.
A single patch of few references is near by chance; what the ten nearest say together is steadier.
At this stride a defect is a patch or two, and a tenth of a part's patches lie far from those of few references."""

MEAN = np.array([123.675, 116.28, 103.53], dtype=np.float32)
DEVIATION = np.array([58.395, 57.12, 57.375], dtype=np.float32)
"""Of the colours of ImageNet, by which the network was trained."""


class Dinov2Small:
    """The encoder; see ``Features``. On a CPU the packaged network is run by ONNX Runtime, else by PyTorch.

    Args:
        source: Its weights.
        device: ``cpu`` or ``cuda[:N]``.

    Raises:
        EncoderError: The weights cannot be read.
    """

    def __init__(self, source: Dinov2Source, device: str = "cpu") -> None:
        self.name = source.name
        self._label = source.label
        self._device = torch.device(device)
        on_cpu = source.packaged and self._device.type == "cpu"
        self._blocks: Callable[[Tensor], list[Tensor]] = (
            onnx_blocks(source, BLOCKS) if on_cpu else torch_blocks(source, BLOCKS, self._device)
        )
        self._lock = threading.Lock()

    @property
    def id(self) -> str:
        """Weights, working side and blocks."""
        return f"{NAME}/{self._label}/{WORKING_SIDE}/" + "+".join(map(str, BLOCKS))

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Features]:
        """Encodes images, those of one working size in one batch.

        Args:
            images: RGB images of any size.
            scale: Multiplies the working side of 336 pixels.

        Returns:
            Features in the order of the images.
        """
        side = round(WORKING_SIDE * scale)
        sizes = [working_size(*image.size, side, PATCH) for image in images]
        return encode_by_size(images, sizes, self._encode_batch)

    def _encode_batch(self, images: Sequence[Image.Image], size: Size) -> list[Features]:
        columns, rows = size[0] // PATCH, size[1] // PATCH
        values = np.stack([resized(image, size) for image in images])
        pixels = torch.from_numpy((values - MEAN) / DEVIATION).permute(0, 3, 1, 2)
        with self._lock, torch.inference_mode():
            blocks = [block[:, 1:].float() for block in self._blocks(pixels.to(self._device))]
            embeddings = functional.normalize(blocks[0].mean(dim=1), dim=1).cpu().numpy()
            patches = join_layers(blocks).reshape(len(images), rows, columns, -1).cpu().numpy()
        return [Features((FeatureLayer(patches[i], USE),), embeddings[i]) for i in range(len(images))]


@lru_cache(maxsize=2)
def _loaded(source: Dinov2Source, device: str) -> Dinov2Small:
    return Dinov2Small(source, device)


def dinov2_small(name: str, device: str) -> Dinov2Small:
    """The encoder of that name, loaded once a process; see ``find_source``."""
    return _loaded(find_source(name), device)
