import json

import numpy as np
import pytest
import torch
from PIL import Image

from echo_agent.errors import EncoderError
from echo_agent.vision import vit_family
from echo_agent.vision.encoder import load_encoder
from echo_agent.vision.joining import join_layers
from tests.conftest import synthetic_part
from tests.unit.vision.checkpoints import FAMILIES, PATCH, save_checkpoint


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def family(request):
    return request.param


@pytest.fixture(scope="module", autouse=True)
def small_images():
    """Keeps the working sides small, so that the tests stay fast."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vit_family, "DENSE_SIDE", PATCH * 8)
        patch.setattr(vit_family, "MIN_LANGUAGE_SIDE", PATCH * 8)
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield


@pytest.fixture(scope="module")
def checkpoint(family, tmp_path_factory):
    return save_checkpoint(family, tmp_path_factory.mktemp(family) / family)


@pytest.fixture(scope="module")
def encoder(checkpoint):
    return load_encoder(str(checkpoint), "cpu")


def test_patch_grid_keeps_the_aspect_ratio_and_unit_length(encoder):
    wide, square = encoder.encode([synthetic_part(0, size=(200, 100)), synthetic_part(0, size=(90, 90))])
    assert wide.patches.shape[:2] == (6, 11)
    assert square.patches.shape[:2] == (8, 8)
    assert wide.patches.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(wide.patches, axis=2), 1, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(wide.embedding), 1, rtol=1e-5)
    assert wide.guide.shape == (6 * PATCH // 4, 11 * PATCH // 4)


def test_patches_lie_where_the_image_has_them(encoder):
    """A patch that is changed alone changes its own feature most: no prefix token is taken for a patch."""
    plain = np.full((PATCH * 8, PATCH * 8, 3), 128, dtype=np.uint8)
    marked = plain.copy()
    marked[PATCH * 2 : PATCH * 3, PATCH * 5 : PATCH * 6] = np.random.default_rng(0).integers(
        0, 255, (PATCH, PATCH, 3)
    )
    before, after = encoder.encode([Image.fromarray(plain), Image.fromarray(marked)])
    change = np.linalg.norm(after.patches - before.patches, axis=2)
    assert np.unravel_index(change.argmax(), change.shape) == (2, 5)


def test_features_are_the_normed_hidden_states_of_the_named_layers(encoder, family, checkpoint):
    from transformers import AutoModel

    layers = tuple(int(layer) for layer in encoder.id.split("/")[-2].split("-"))
    assert layers == ((3, 4) if family.startswith("dino") else (2, 3))
    image = synthetic_part(0, size=(PATCH * 8, PATCH * 8))
    pixels = torch.from_numpy((np.asarray(image, dtype=np.float32) / 255 - 0.5) / 0.25).permute(2, 0, 1)[None]
    model = AutoModel.from_pretrained(checkpoint).eval()
    model = getattr(model, "vision_model", model)
    inputs = {"pixel_values": pixels}
    if family in {"clip", "siglip"}:
        inputs["interpolate_pos_encoding"] = True
    if family == "siglip2":
        inputs = vit_family.FAMILIES["siglip2_vision_model"].inputs(pixels, PATCH)
    with torch.inference_mode():
        output = model(**inputs, output_hidden_states=True)
        norm = next(
            getattr(model, name) for name in ("layernorm", "norm", "post_layernorm") if hasattr(model, name)
        )
        expected = join_layers([norm(output.hidden_states[layer])[:, -64:] for layer in layers])[0]
    found = encoder.encode([image])[0]
    np.testing.assert_allclose(found.patches.reshape(64, -1), expected.numpy(), atol=1e-5)


def test_siglip2_reads_cut_patches_as_its_own_processor_cuts_them():
    from transformers.models.siglip2.image_processing_pil_siglip2 import convert_image_to_patches

    pixels = torch.rand(2, 3, 3 * PATCH, 2 * PATCH)
    cut = vit_family.FAMILIES["siglip2_vision_model"].inputs(pixels, PATCH)
    for image, rows in zip(pixels.numpy(), cut["pixel_values"].numpy(), strict=True):
        np.testing.assert_array_equal(rows, convert_image_to_patches(image, PATCH))
    assert cut["spatial_shapes"].tolist() == [[3, 2], [3, 2]]


def test_id_names_revision_size_and_layers_and_follows_the_weights_not_the_folder(tmp_path):
    first = save_checkpoint("dinov2", tmp_path / "first")
    again = save_checkpoint("dinov2", tmp_path / "again")
    other = save_checkpoint("dinov2", tmp_path / "other", seed=1)
    ids = [load_encoder(str(folder), "cpu").id for folder in (first, again, other)]
    assert ids[0] == ids[1] != ids[2]
    label, side, layers, _ = ids[0].split("/")
    assert label.startswith("sha256:")
    assert (side, layers) == (str(PATCH * 8), "3-4")


def test_name_opens_the_encoder_from_another_working_folder(tmp_path, monkeypatch):
    save_checkpoint("dinov2", tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    encoder = load_encoder("./model", "cpu")
    monkeypatch.chdir("/")
    assert load_encoder(encoder.name, "cpu") is encoder


def test_mean_and_deviation_come_from_the_image_processor(tmp_path):
    folder = save_checkpoint("dinov2", tmp_path / "model")
    before = load_encoder(str(folder), "cpu").encode([synthetic_part(0)])[0]
    file = folder / "preprocessor_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "image_mean": [0.1, 0.1, 0.1]}))
    save_checkpoint("dinov2", tmp_path / "moved")
    (tmp_path / "moved" / "preprocessor_config.json").write_text(file.read_text())
    after = load_encoder(str(tmp_path / "moved"), "cpu").encode([synthetic_part(0)])[0]
    assert np.abs(before.patches - after.patches).max() > 1e-3


def test_loading_is_silent(tmp_path, capfd):
    load_encoder(str(save_checkpoint("clip", tmp_path / "clip")), "cpu").encode([synthetic_part(0)])
    capfd.readouterr()
    load_encoder(str(save_checkpoint("siglip", tmp_path / "siglip")), "cpu")
    assert "UNEXPECTED" not in "".join(capfd.readouterr())


def test_unknown_family_names_those_that_can(tmp_path):
    import transformers

    transformers.ViTModel(
        transformers.ViTConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2)
    ).save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(
        json.dumps({"image_mean": [0] * 3, "image_std": [1] * 3})
    )
    with pytest.raises(EncoderError, match=r"is a vit.*choose one of DINOv2"):
        load_encoder(str(tmp_path), "cpu")


def test_missing_weights_are_not_made_up(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = save_checkpoint("dinov2", tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    removed = next(name for name in weights if "layer.3" in name)
    save_file(
        {k: v for k, v in weights.items() if k != removed}, folder / "model.safetensors", {"format": "pt"}
    )
    with pytest.raises(EncoderError, match="has no weights"):
        load_encoder(str(folder), "cpu")


def test_damaged_weights_say_so(tmp_path):
    folder = save_checkpoint("dinov2", tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(EncoderError, match="cannot be read"):
        load_encoder(str(folder), "cpu")
