import pytest
import torch

from echo_agent.vision.efficientnet import STAGES, EfficientNetLite, EmbeddedEncoder
from echo_agent.vision.efficientnet_onnx import OnnxNetwork


@pytest.fixture(scope="module")
def network():
    return EfficientNetLite().eval()


@pytest.mark.parametrize("shape", [(1, 256, 256), (3, 64, 160)])
def test_both_runtimes_give_the_same_levels(network, shape):
    images, height, width = shape
    pixels = torch.rand(images, 3, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        expected = network(pixels)
    found = OnnxNetwork(network.stem, list(network.blocks), STAGES)(pixels)
    for layer, other in zip(found, expected, strict=True):
        torch.testing.assert_close(layer, other, rtol=1e-4, atol=1e-3)


def test_pixels_need_not_lie_side_by_side_in_memory(network):
    pixels = torch.rand(1, 96, 64, 3, generator=torch.Generator().manual_seed(1)).permute(0, 3, 1, 2)
    run = OnnxNetwork(network.stem, list(network.blocks), STAGES)
    for layer, other in zip(run(pixels), run(pixels.contiguous()), strict=True):
        torch.testing.assert_close(layer, other)


def test_the_encoder_takes_it_on_a_cpu():
    assert isinstance(EmbeddedEncoder("cpu")._network, OnnxNetwork)
