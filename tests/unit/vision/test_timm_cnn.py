"""Networks of timm: their layers are those that PatchCore takes; what is missing or does not fit is told."""

import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from echo_agent.errors import EncoderError
from echo_agent.vision.encoder import load_encoder

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_missing_timm_is_told_with_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(
        EncoderError, match=r"timm/wide_resnet50_2, is not installed: run pip .*echo-agent\[timm\]"
    ):
        load_encoder("timm/wide_resnet50_2")


def test_a_torchvision_that_does_not_fit_is_told(monkeypatch, tmp_path):
    (tmp_path / "timm.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    with pytest.raises(EncoderError, match=r"torchvision::nms does not exist\): install the torchvision"):
        load_encoder("timm/wide_resnet50_2")


class TestTimm:
    """Where timm can be imported."""

    @pytest.fixture(autouse=True)
    def timm(self):
        return pytest.importorskip("timm", reason="timm is not installed: make test-torchvision")

    @pytest.fixture
    def saved(self, timm, tmp_path):
        """A file of random weights of a small ResNet."""
        torch.manual_seed(0)
        torch.save(timm.create_model("test_resnet").state_dict(), tmp_path / "weights.pth")
        return tmp_path / "weights.pth"

    def test_its_layers_are_those_of_patchcore_each_patch_averaged_with_its_neighbours(self, timm, saved):
        """PatchCore takes layer2 and layer3 of a ResNet: features_only with out_indices 2 and 3."""
        image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8))
        (features,) = load_encoder(f"timm/test_resnet@{saved}", "cpu").encode([image])
        network = timm.create_model("test_resnet", features_only=True, out_indices=(2, 3)).eval()
        assert network.feature_info.module_name() == ["layer2", "layer3"]
        network.load_state_dict(torch.load(saved, weights_only=True), strict=False)
        settings = network.pretrained_cfg
        values = np.asarray(image, dtype=np.float32) / 255
        pixels = (
            torch.from_numpy((values - settings["mean"]) / settings["std"]).permute(2, 0, 1)[None].float()
        )
        with torch.inference_mode():
            expected = [
                functional.avg_pool2d(layer, 3, 1, 1, count_include_pad=False) for layer in network(pixels)
            ]
        for layer, other in zip(features.layers, expected, strict=True):
            unit = functional.normalize(other[0].permute(1, 2, 0), dim=2)
            np.testing.assert_allclose(layer.patches, unit.numpy(), atol=1e-4)

    def test_its_name_opens_it_again_and_its_id_follows_the_weights(self, timm, saved, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        encoder = load_encoder("timm/test_resnet@weights.pth", "cpu")
        monkeypatch.chdir("/")
        assert load_encoder(encoder.name, "cpu") is encoder
        copy = saved.rename(tmp_path / "moved.pth")
        assert load_encoder(f"timm/test_resnet@{copy}", "cpu").id == encoder.id
        torch.save(timm.create_model("test_resnet").state_dict(), copy)
        assert load_encoder(f"timm/test_resnet@{copy}", "cpu").id != encoder.id

    def test_downloaded_weights_are_found_and_pinned_to_their_commit(self, timm, tmp_path, monkeypatch):
        import huggingface_hub.constants
        from safetensors.torch import save_file

        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        with pytest.raises(EncoderError, match=r"hf download timm/test_resnet.r160_in1k .* and give timm/"):
            load_encoder("timm/test_resnet", "cpu")
        repository = tmp_path / "models--timm--test_resnet.r160_in1k"
        folder = repository / "snapshots" / COMMIT
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        save_file(timm.create_model("test_resnet").state_dict(), folder / "model.safetensors")
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text(COMMIT)
        encoder = load_encoder("timm/test_resnet", "cpu")
        assert encoder.name == f"timm/test_resnet.r160_in1k@{COMMIT}"
        assert load_encoder(encoder.name, "cpu") is encoder

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("timm/nonsense", "timm has no network nonsense"),
            ("timm/test_resnet@/nowhere/weights.pth", "there is no file /nowhere/weights.pth"),
            ("timm/vgg11.no_such_tag", "timm knows no weights of vgg11.no_such_tag: give timm/vgg11@FILE"),
        ],
    )
    def test_what_there_is_not_is_told(self, name, told):
        with pytest.raises(EncoderError, match=told):
            load_encoder(name, "cpu")

    @pytest.mark.parametrize("damage", ["truncated", "of another network", "without a weight"])
    def test_weights_that_do_not_fit_are_not_made_up(self, timm, saved, damage):
        weights = torch.load(saved, weights_only=True)
        if damage == "truncated":
            saved.write_bytes(saved.read_bytes()[:1000])
        elif damage == "of another network":
            torch.save(timm.create_model("test_efficientnet").state_dict(), saved)
        else:
            torch.save(
                {name: values for name, values in weights.items() if name != "layer2.0.conv1.weight"}, saved
            )
        with pytest.raises(EncoderError, match="does not hold the weights of test_resnet"):
            load_encoder(f"timm/test_resnet@{saved}", "cpu")

    def test_a_vision_transformer_is_no_convolutional_network(self, timm, tmp_path):
        file = tmp_path / "vit.pth"
        torch.save(timm.create_model("test_vit").state_dict(), file)
        with pytest.raises(EncoderError, match="test_vit is no convolutional network"):
            load_encoder(f"timm/test_vit@{file}", "cpu")
