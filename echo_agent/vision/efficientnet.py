"""The embedded encoder: EfficientNet-Lite2 (ImageNet), weights from an installed package, no hub and no GPU needed."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from echo_agent.vision.batching import Size, encode_by_size
from echo_agent.vision.cnn import patches_of, resized
from echo_agent.vision.efficientnet_network import TimmNetwork, onnx_network
from echo_agent.vision.features import Array, FeatureLayer, Features, Use
from echo_agent.vision.guided import guides_of
from echo_agent.vision.light import evened
from echo_agent.vision.resolution import working_size
from echo_agent.vision.side_by_side import side_by_side

NAME = "efficientnet-lite2"
WORKING_SIDE = 256
STRIDE = 32
LAYERS = "6+14+20wide"
"""Blocks that end the stages at strides 8, 16 and 32. The first two are layers of patch features as they come out; the
third is so before its channels are narrowed, where more of them tell more of a texture. Its output is the embedding,
and what is joined with the other layers."""

FINE = Use(rarity=0.7, surroundings=1.0, strength=0.5)
"""How the finest layer counts: what is small shows against its surroundings."""

MIDDLE = Use(rarity=0.0, surroundings=0.5)
"""How the middle layer counts."""

COARSE = Use(rarity=0.0, surroundings=0.75, length=2.0, on_map=False)
"""How the coarsest layer counts: it tells what rather than where."""

USES = (FINE, MIDDLE, COARSE)

GLOBAL_SIDE = 128
"""The global branch is encoded at the area of a square of this side, the same at every scale."""

GLOBAL_USES = tuple(replace(use, weight=1.5, on_map=False, strength=0.0) for use in USES)
"""How the layers of the global branch count: they tell what is wrong at large, in any light, rather than where."""


class EmbeddedEncoder:
    """The embedded encoder: patch features at the strides 8, 16 and 32, of the image and of its global branch.

    On a CPU the network is run by ONNX Runtime, else by PyTorch.

    Args:
        device: ``cpu`` or ``cuda[:N]``.

    Raises:
        EncoderError: timm, which brings the network for PyTorch, is missing.
    """

    def __init__(self, device: str = "cpu") -> None:
        self.name = NAME
        self._device = torch.device(device)
        self._network = self._load()
        self._lock = threading.Lock()

    def _load(self) -> Callable[[Tensor], list[Tensor]]:
        if self._device.type == "cpu":
            return onnx_network()
        network = TimmNetwork()
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network.to(self._device)

    @property
    def id(self) -> str:
        """Name, working side and layers, that maps are guided, and the side of the global branch."""
        return f"{NAME}/{WORKING_SIDE}/{LAYERS}/guide/overview{GLOBAL_SIDE}"

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Features]:
        """Encodes images, those of one working size in one batch.

        Args:
            images: RGB images of any size.
            scale: Multiplies the working side of 256 pixels.

        Returns:
            Features in the order of the images.
        """
        side = round(WORKING_SIDE * scale)
        sizes = [
            (working_size(*image.size, side, STRIDE), working_size(*image.size, GLOBAL_SIDE, STRIDE))
            for image in images
        ]
        return encode_by_size(images, sizes, self._encode_batch)

    def _encode_batch(self, images: Sequence[Image.Image], sizes: tuple[Size, Size]) -> list[Features]:
        """Encodes images of one size: a GPU takes them together, a core one after the other."""
        if self._device.type == "cpu":
            single = side_by_side([partial(self._encoded, [image], sizes) for image in images])
            return [features for one in single for features in one]
        with self._lock:
            return self._encoded(images, sizes)

    def _encoded(self, images: Sequence[Image.Image], sizes: tuple[Size, Size]) -> list[Features]:
        size, global_size = sizes
        pixels = torch.from_numpy(np.stack([_pixels(image, size) for image in images])).permute(0, 3, 1, 2)
        looks = [partial(self._seen, pixels), partial(self._seen_globally, pixels, global_size)]
        # On a GPU the caller holds the lock, for which the threads may all wait that would have to look.
        outputs, of_branch = side_by_side(looks) if self._device.type == "cpu" else [look() for look in looks]
        with torch.inference_mode():
            embeddings = functional.normalize(outputs[-2].mean(dim=(2, 3)), dim=1).cpu().numpy()
            narrow, _ = patches_of(outputs[-2])
            layers, branches = _layers(outputs, USES), _layers(of_branch, GLOBAL_USES)
            guides = guides_of(pixels)
        return [
            Features(
                layers=(*layers[i][:-1], replace(layers[i][-1], narrow=narrow[i])),
                embedding=embeddings[i],
                guide=guides[i],
                global_branch=branches[i],
            )
            for i in range(len(images))
        ]

    def _seen(self, pixels: Tensor) -> list[Tensor]:
        with torch.inference_mode():
            return self._network(pixels.to(self._device))

    def _seen_globally(self, pixels: Tensor, size: Size) -> list[Tensor]:
        """What the network makes of images at a smaller width and height and in an even light."""
        with torch.inference_mode():
            smaller = functional.interpolate(pixels, size=size[::-1], mode="bicubic", antialias=True)
            return self._seen(evened(smaller))


def _pixels(image: Image.Image, size: Size) -> Array:
    """Resizes and scales an RGB image to the range that the weights were trained on, about -1..1."""
    pixels = resized(image, size).astype(np.float32)
    pixels -= 127.0
    pixels /= 128.0
    return pixels


def _layers(outputs: Sequence[Tensor], uses: Sequence[Use]) -> list[tuple[FeatureLayer, ...]]:
    """The layers of each image, from the network's outputs at the strides 8 and 16 and its wide ones at 32."""
    found = [patches_of(output) for output in (*outputs[:2], outputs[-1])]
    return [
        tuple(
            FeatureLayer(patches[i], use, lengths[i] if use.length or use.strength else None)
            for (patches, lengths), use in zip(found, uses, strict=True)
        )
        for i in range(len(outputs[0]))
    ]


@lru_cache(maxsize=2)
def embedded_encoder(device: str) -> EmbeddedEncoder:
    """The embedded encoder of this process, loaded at first use."""
    return EmbeddedEncoder(device)
