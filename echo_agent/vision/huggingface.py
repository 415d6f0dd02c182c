"""Encoders from HuggingFace checkpoints: DINOv2 (with registers), DINOv3, SigLIP, SigLIP 2 and CLIP."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from torch import nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel
from transformers.utils import logging

from echo_agent.errors import EncoderError
from echo_agent.vision.batching import encode_by_size
from echo_agent.vision.checkpoint import Checkpoint, image_processor_settings
from echo_agent.vision.features import Array, FeatureLayer, Features
from echo_agent.vision.guided import guides_of
from echo_agent.vision.joining import join_layers
from echo_agent.vision.resolution import working_size
from echo_agent.vision.vit_family import FAMILIES, Family


class HuggingFaceEncoder:
    """A vision transformer as encoder; see ``Features``.

    Images keep their aspect ratio: the position encodings are interpolated to the grid of their working size.

    Args:
        checkpoint: Its files.
        device: ``cpu`` (computes in float32) or ``cuda[:N]`` (computes in bfloat16).

    Raises:
        EncoderError: The model is of no known family, or its files do not fit together.
    """

    def __init__(self, checkpoint: Checkpoint, device: str = "cpu") -> None:
        config = _vision_config(checkpoint)
        self.name = checkpoint.name
        self._label = checkpoint.label
        self._family: Family = FAMILIES[config.model_type]
        self._levels = self._family.hidden_states(int(config.num_hidden_layers))
        self._prefix = self._family.prefix(config)
        self._side = self._family.side(config)
        self._patch = int(config.patch_size)
        self._pixels = _Pixels(checkpoint)
        self._device = torch.device(device)
        self._dtype = torch.bfloat16 if self._device.type == "cuda" else torch.float32
        self._model = _load(checkpoint, config).to(device=self._device, dtype=self._dtype)
        self._lock = threading.Lock()

    @property
    def id(self) -> str:
        """Model, revision, working side and hidden states, and that maps are guided."""
        return f"{self._label}/{self._side}/" + "-".join(str(layer) for layer in self._levels) + "/guide"

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Features]:
        """Encodes images, those of one working size in one batch.

        Args:
            images: RGB images of any size.
            scale: Multiplies the family's working side.

        Returns:
            Features in the order of the images.
        """
        side = round(self._side * scale)
        sizes = [working_size(*image.size, side, self._patch) for image in images]
        return encode_by_size(images, sizes, self._encode_batch)

    def _encode_batch(self, images: Sequence[Image.Image], size: tuple[int, int]) -> list[Features]:
        columns, rows = size[0] // self._patch, size[1] // self._patch
        stacked = torch.from_numpy(np.stack([self._pixels(image, size) for image in images]))
        pixels = stacked.permute(0, 3, 1, 2).to(device=self._device, dtype=self._dtype)
        with self._lock, torch.inference_mode():
            output = self._model(**self._family.inputs(pixels, self._patch), output_hidden_states=True)
            norm = getattr(self._model, self._family.norm)
            layers = [norm(output.hidden_states[layer])[:, self._prefix :].float() for layer in self._levels]
            patches = join_layers(layers).reshape(len(images), rows, columns, -1).cpu().numpy()
            pooled = output.pooler_output
            if pooled is None:
                pooled = output.last_hidden_state[:, self._prefix :].mean(dim=1)
            embeddings = functional.normalize(pooled.float(), dim=1).cpu().numpy()
        guides = guides_of(stacked.permute(0, 3, 1, 2))
        return [Features((FeatureLayer(patches[i]),), embeddings[i], guides[i]) for i in range(len(images))]


class _Pixels:
    """Resizes and normalises RGB images as the checkpoint's image processor does, at any size."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        settings = image_processor_settings(checkpoint)
        normalise = settings.get("do_normalize", True)
        mean = settings.get("image_mean") if normalise else [0.0] * 3
        deviation = settings.get("image_std") if normalise else [1.0] * 3
        if mean is None or deviation is None:
            raise EncoderError(
                f"preprocessor_config.json of the encoder {checkpoint.name} names no image_mean and image_std: "
                "download the whole checkpoint again"
            )
        self._mean = np.asarray(mean, dtype=np.float32)
        self._deviation = np.asarray(deviation, dtype=np.float32)
        self._factor = (
            float(settings.get("rescale_factor", 1 / 255)) if settings.get("do_rescale", True) else 1.0
        )
        self._resample = Image.Resampling(settings.get("resample", Image.Resampling.BICUBIC))

    def __call__(self, image: Image.Image, size: tuple[int, int]) -> Array:
        resized = image.resize(size, self._resample, reducing_gap=3.0)
        values: Array = (
            np.asarray(resized, dtype=np.float32) * np.float32(self._factor) - self._mean
        ) / self._deviation
        return values


def _vision_config(checkpoint: Checkpoint) -> Any:
    """The configuration of the vision part.

    Raises:
        EncoderError: It is of no known family.
    """
    known = "DINOv2, DINOv2 with registers, DINOv3 (ViT), SigLIP, SigLIP 2 and CLIP"
    try:
        config = AutoConfig.from_pretrained(str(checkpoint.folder))
    except (ValueError, KeyError, OSError) as error:
        raise EncoderError(
            f"the configuration of the encoder {checkpoint.name} cannot be read: choose one of {known}"
        ) from error
    vision = getattr(config, "vision_config", config)
    if vision.model_type not in FAMILIES:
        raise EncoderError(
            f"{checkpoint.name} is a {config.model_type}, no known encoder: choose one of {known}"
        )
    return vision


def _load(checkpoint: Checkpoint, config: Any) -> nn.Module:
    """Loads the vision part alone.

    Raises:
        EncoderError: A weight is missing, or a file is damaged.
    """
    remedy = "download the whole checkpoint again"
    try:
        with quietly():
            model, found = AutoModel.from_pretrained(
                str(checkpoint.folder), config=config, output_loading_info=True, dtype=torch.float32
            )
    except (OSError, RuntimeError, ValueError, SafetensorError) as error:
        raise EncoderError(
            f"the weights of the encoder {checkpoint.name} cannot be read: {remedy}"
        ) from error
    if found["missing_keys"]:
        first = sorted(found["missing_keys"])[0]
        raise EncoderError(f"the encoder {checkpoint.name} has no weights {first}: {remedy}")
    network: nn.Module = model.eval()
    return network


@contextmanager
def quietly() -> Iterator[None]:
    """Keeps the report on unused weights (the text part's) and the progress bar from the terminal."""
    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=2)
def huggingface_encoder(checkpoint: Checkpoint, device: str) -> HuggingFaceEncoder:
    """The encoder of a checkpoint, loaded once a process."""
    return HuggingFaceEncoder(checkpoint, device)
