"""The embedded network gives what it always gave, under each runtime: memories hold its features."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torch import nn

from echo_agent.errors import EncoderError
from echo_agent.vision.efficientnet import EmbeddedEncoder
from echo_agent.vision.efficientnet_network import GRAPH, TimmNetwork, load_embedded_weights, onnx_network

STORED = Path(__file__).with_name("embedded_features.npz")
"""Features of the network that first embedded these weights (package efficientnet-lite-pytorch), every fifth place and
every seventh channel."""


def photograph(width, height, seed):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(noise).filter(ImageFilter.GaussianBlur(3))


@pytest.mark.parametrize(("size", "scale"), [((256, 256), 1.0), ((400, 300), 1.25)])
def test_features_are_those_that_memories_hold(size, scale):
    (features,) = EmbeddedEncoder("cpu").encode([photograph(*size, seed=size[0])], scale=scale)
    with np.load(STORED) as stored:
        for number, layer in enumerate(features.all_layers):
            expected = stored[f"{size[0]}/{number}"]
            np.testing.assert_allclose(layer.compared[::5, ::5, ::7], expected, atol=1e-4)
        np.testing.assert_allclose(features.patches[::5, ::5, ::7], stored[f"{size[0]}/joined"], atol=1e-4)
        np.testing.assert_allclose(features.embedding, stored[f"{size[0]}/embedding"], atol=1e-4)


def test_pixels_need_not_lie_side_by_side_in_memory():
    pixels = torch.rand(5, 96, 64, 3, generator=torch.Generator().manual_seed(1)).permute(0, 3, 1, 2)
    run = onnx_network()
    for layer, other in zip(run(pixels), run(pixels.contiguous()), strict=True):
        assert len(layer) == 5
        torch.testing.assert_close(layer, other)


def test_a_network_of_another_architecture_is_refused_by_the_weights_name():
    with pytest.raises(
        EncoderError, match=r"timm's weight weight of .* is not the embedded _conv_stem\.weight"
    ):
        load_embedded_weights(nn.Linear(2, 2))


def test_a_gpu_without_timm_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(
        EncoderError, match=r"with ECHO_DEVICE=cpu it needs none.*pip install 'echo-agent\[timm\]'"
    ):
        EmbeddedEncoder("cuda")


class TestTimm:
    """Where timm can be imported."""

    @pytest.fixture(autouse=True)
    def _timm(self):
        pytest.importorskip(
            "timm", reason="timm is not installed: make test-torchvision", exc_type=ImportError
        )

    @pytest.mark.parametrize("shape", [(1, 256, 256), (3, 64, 160)])
    def test_both_runtimes_give_the_same_layers(self, shape):
        images, height, width = shape
        pixels = torch.rand(images, 3, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1
        with torch.inference_mode():
            found = TimmNetwork()(pixels)
        for layer, other in zip(found, onnx_network()(pixels), strict=True):
            torch.testing.assert_close(layer, other, rtol=1e-4, atol=1e-3)

    def test_the_shipped_graph_is_what_is_exported(self, repository, tmp_path):
        import onnx

        tool = repository / "tools" / "export_embedded_network.py"
        command = [sys.executable, "-W", "ignore", tool, tmp_path / "made.onnx"]
        subprocess.run(command, cwd=repository, check=True, env={**os.environ, "PYTHONPATH": str(repository)})
        made, shipped = (
            onnx.load(file, load_external_data=False) for file in (tmp_path / "made.onnx", GRAPH)
        )
        assert made.graph == shipped.graph
