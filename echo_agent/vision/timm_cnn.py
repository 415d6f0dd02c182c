"""Convolutional networks of timm as encoders, with the layers that PatchCore takes (Roth et al. 2022)."""

import pickle
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from torch.nn import functional

from echo_agent.errors import EncoderError
from echo_agent.vision.batching import Size, encode_by_size
from echo_agent.vision.checkpoint import digest_of, find_snapshot, weight_files
from echo_agent.vision.cnn import patches_of, resized
from echo_agent.vision.features import FeatureLayer, Features, Use
from echo_agent.vision.guided import guides_of
from echo_agent.vision.resolution import working_size
from echo_agent.vision.timm_library import import_timm

PREFIX = "timm/"
WORKING_SIDE = 256
MULTIPLE = 32
STRIDES = (8, 16)
"""Strides of the layers that are taken: layer2 and layer3 of a ResNet."""

USES = (Use(rarity=0.7, surroundings=1.0, strength=0.5), Use(rarity=0.0, surroundings=0.5))
"""How they count: as those of the embedded encoder at these strides."""


@dataclass(frozen=True)
class TimmSource:
    """A network of timm and its weights.

    Attributes:
        network: timm's name of the network, with the tag of its weights where it is known.
        weights: File of the weights.
        name: What opens it again: ``timm/NAME@commit``, or ``timm/NAME@FILE`` with the file's full path.
        label: The network and its weights, the same wherever the file is.
    """

    network: str
    weights: Path
    name: str
    label: str


def find_network(name: str) -> TimmSource:
    """Finds a network and its weights; what is not downloaded yet is downloaded, if the hub can be reached.

    Args:
        name: ``timm/NAME`` for its usual weights, ``timm/NAME.TAG`` for certain ones, with ``@revision`` where it shall
            be another than ``main``; ``timm/NAME@FILE`` for weights of a file (safetensors or a state dict of torch).

    Raises:
        EncoderError: timm is missing or has no such network, or the weights cannot be found.
    """
    timm = import_timm(f"the encoder {name}")
    network, _, source = name.removeprefix(PREFIX).partition("@")
    architecture = network.partition(".")[0]
    if not timm.is_model(architecture):
        raise EncoderError(f"timm has no network {architecture}: timm.list_models() names those that it has")
    file = Path(source).expanduser()
    if file.is_file():
        place = file.resolve()
        return TimmSource(
            architecture,
            place,
            f"{PREFIX}{architecture}@{place}",
            f"{PREFIX}{architecture}@{digest_of([place])}",
        )
    if "/" in source:
        raise EncoderError(f"there is no file {file} with weights of {architecture}: correct the path")
    try:
        settings = timm.get_pretrained_cfg(network)
    except RuntimeError:  # no such tag
        settings = None
    if settings is None or not settings.hf_hub_id:
        raise EncoderError(f"timm knows no weights of {network}: give {PREFIX}{architecture}@FILE")
    folder = find_snapshot(
        settings.hf_hub_id,
        source or None,
        processor=False,
        offline=f"give {PREFIX}{architecture}@ and its model.safetensors as the encoder",
    )
    tagged = f"{architecture}.{settings.tag}" if settings.tag else architecture
    pinned = f"{PREFIX}{tagged}@{folder.name}"
    return TimmSource(tagged, weight_files(folder)[0], pinned, pinned)


class TimmEncoder:
    """A convolutional network of timm: patch features at the strides 8 and 16; see ``Features``.

    Args:
        source: The network and its weights.
        device: ``cpu`` or ``cuda[:N]``.

    Raises:
        EncoderError: It has no such layers, or the weights do not fit it.
    """

    def __init__(self, source: TimmSource, device: str = "cpu") -> None:
        self.name = source.name
        self._label = source.label
        self._device = torch.device(device)
        network = _load(source)
        self._layers = _layers_of(network, source.network)
        self._network = network.eval().to(self._device)
        settings = network.pretrained_cfg
        self._mean, self._deviation = (
            np.asarray(settings[key], dtype=np.float32) * np.float32(255) for key in ("mean", "std")
        )
        self._lock = threading.Lock()

    @property
    def id(self) -> str:
        """Network and weights, working side and strides, and that maps are guided."""
        return f"{self._label}/{WORKING_SIDE}/" + "+".join(str(stride) for stride in STRIDES) + "/guide"

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Features]:
        """Encodes images, those of one working size in one batch.

        Args:
            images: RGB images of any size.
            scale: Multiplies the working side of 256 pixels.

        Returns:
            Features in the order of the images.
        """
        side = round(WORKING_SIDE * scale)
        sizes = [working_size(*image.size, side, MULTIPLE) for image in images]
        return encode_by_size(images, sizes, self._encode_batch)

    def _encode_batch(self, images: Sequence[Image.Image], size: Size) -> list[Features]:
        values = np.stack([resized(image, size) for image in images])
        pixels = torch.from_numpy((values - self._mean) / self._deviation).permute(0, 3, 1, 2)
        with self._lock, torch.inference_mode():
            outputs = _forward(self._network, pixels.to(self._device), self._layers)
            embeddings = functional.normalize(outputs[-1].mean(dim=(2, 3)), dim=1).cpu().numpy()
            found = [patches_of(output.float()) for output in outputs]
        guides = guides_of(pixels)
        return [
            Features(
                layers=tuple(
                    FeatureLayer(patches[i], use, lengths[i] if use.strength else None)
                    for (patches, lengths), use in zip(found, USES, strict=True)
                ),
                embedding=embeddings[i],
                guide=guides[i],
            )
            for i in range(len(images))
        ]


def _load(source: TimmSource) -> Any:
    """Builds the network with all its weights."""
    timm = import_timm(f"the encoder {source.name}")
    try:
        return timm.create_model(
            source.network,
            pretrained=True,
            pretrained_cfg_overlay={"file": str(source.weights), "custom_load": False},
        )
    except (OSError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError, SafetensorError) as error:
        raise EncoderError(
            f"{source.weights} does not hold the weights of {source.network}: give the file that belongs to it"
        ) from error


def _layers_of(network: Any, name: str) -> list[int]:
    """Which of the network's intermediate outputs lie at the strides."""
    reductions = [info["reduction"] for info in getattr(network, "feature_info", ())]
    try:
        layers = [reductions.index(stride) for stride in STRIDES]
        with torch.inference_mode():
            made = _forward(network.eval(), torch.zeros(1, 3, 2 * MULTIPLE, MULTIPLE), layers)
        if [output.shape[2:] for output in made] == [(2 * MULTIPLE // s, MULTIPLE // s) for s in STRIDES]:
            return layers
    except (ValueError, AttributeError, AssertionError, RuntimeError):
        pass
    raise EncoderError(
        f"{name} is no convolutional network with layers at the strides 8 and 16 for images of any size: choose "
        "one such as wide_resnet50_2, or a vision transformer by its HuggingFace id"
    )


def _forward(network: Any, pixels: torch.Tensor, layers: list[int]) -> list[torch.Tensor]:
    """The network up to the deepest of these intermediate outputs, each ``(images, channels, rows, columns)``."""
    outputs: list[torch.Tensor] = network.forward_intermediates(
        pixels, indices=layers, output_fmt="NCHW", intermediates_only=True, stop_early=True
    )
    return outputs


@lru_cache(maxsize=2)
def timm_encoder(source: TimmSource, device: str) -> TimmEncoder:
    """The encoder of a network, loaded once a process."""
    return TimmEncoder(source, device)
