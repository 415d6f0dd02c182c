"""PatchCore as anomalib has it, on the embedded encoder's weights: what Echo's evidence is held against."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from echo_agent.errors import EncoderError, MissingExtraError
from echo_agent.vision.efficientnet_network import OUTPUTS, TIMM_NAME, load_embedded_weights, onnx_network
from echo_agent.vision.features import Array

LAYERS = ("blocks.2", "blocks.4")
"""Ends of the stages at strides 8 and 16: what anomalib's default, layer2 and layer3 of a ResNet, are there."""

SIDE = 256
STRIDES = ("stride8", "stride16")
"""The same places in the embedded encoder's own network."""

TOLERANCE = 1e-3
"""Largest difference of the two networks' features, as a share of the largest feature."""


@dataclass(frozen=True)
class Scored:
    """What PatchCore says of one image: its score and its map ``(256, 256)``, float32."""

    score: float
    anomaly_map: Array


class Patchcore:
    """anomalib's ``PatchcoreModel`` with its default pre-processing, fitted without a coreset.

    Args:
        references: RGB images of good parts.

    Raises:
        MissingExtraError: anomalib is not installed.
        EncoderError: Its torchvision does not fit torch, or timm's network with the embedded weights does not give the
            embedded encoder's features.
    """

    def __init__(self, references: Sequence[Image.Image]) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore"
                )  # anomalib's own imports are deprecated in the libraries they are of
                from anomalib.models.image.patchcore.lightning_model import Patchcore as Defaults
                from anomalib.models.image.patchcore.torch_model import PatchcoreModel
        except ImportError as error:
            raise MissingExtraError("anomalib", "compare") from error
        except RuntimeError as error:
            raise EncoderError(
                f"anomalib cannot be imported beside this torch ({str(error).splitlines()[0]}): install the "
                "torchvision that was built for it"
            ) from error
        self._model: Any = PatchcoreModel(layers=list(LAYERS), backbone=TIMM_NAME, pre_trained=False)
        backbone = self._model.feature_extractor.feature_extractor
        load_embedded_weights(backbone)
        check_features(backbone.eval())
        self._transform: Any = Defaults.configure_pre_processor((SIDE, SIDE)).transform
        self._model.train()
        self._model.feature_extractor.eval()
        with torch.inference_mode():
            for image in references:
                self._model(self._pixels(image))
            self._model.memory_bank = torch.vstack(self._model.embedding_store)
        self._model.embedding_store.clear()
        self._model.eval()

    def score(self, image: Image.Image) -> Scored:
        """Compares an RGB image with the references."""
        with torch.inference_mode():
            found = self._model(self._pixels(image))
        return Scored(float(found.pred_score.item()), found.anomaly_map[0, 0].numpy())

    def _pixels(self, image: Image.Image) -> Tensor:
        values = torch.from_numpy(np.array(image, dtype=np.uint8)).permute(2, 0, 1)
        pixels: Tensor = self._transform(values.to(torch.float32).div(255)[None])
        return pixels


def check_features(network: nn.Module) -> None:
    """Holds timm's network against the embedded one: the features at the strides 8 and 16 of one random image.

    Args:
        network: timm's ``tf_efficientnet_lite2`` as feature extractor of these strides, with the embedded weights.

    Raises:
        EncoderError: They differ.
    """
    pixels = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        own = dict(zip(OUTPUTS.values(), onnx_network()(pixels), strict=True))
        found = {values.shape[-1]: values for values in network(pixels)}
    for name in STRIDES:
        difference = (found[own[name].shape[-1]] - own[name]).abs().max() / own[name].abs().max()
        if float(difference) > TOLERANCE:
            raise EncoderError(
                f"timm's {TIMM_NAME} gives other features than the embedded encoder at {name} "
                f"({float(difference):.1e} of the largest): install the timm that Echo was tested with"
            )
