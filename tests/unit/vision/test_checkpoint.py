import json

import pytest

from echo_agent.errors import EncoderError
from echo_agent.vision.checkpoint import find_checkpoint

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def empty_hub_cache(tmp_path, monkeypatch):
    """No download is kept, and the hub is not asked."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def complete(folder):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "preprocessor_config.json").write_text(json.dumps({}))
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def test_a_downloaded_snapshot_is_found_and_pinned_to_its_commit(empty_hub_cache):
    repository = empty_hub_cache / "models--image_id--model"
    folder = complete(repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    found = find_checkpoint("image_id/model")
    assert found.folder == folder
    assert found.name == found.label == f"image_id/model@{COMMIT}"
    assert find_checkpoint(found.name) == found


def test_what_is_not_downloaded_says_how_to_download_it():
    with pytest.raises(
        EncoderError, match=r"facebook/dinov2-base is not downloaded.*hf download facebook/dinov2-base"
    ):
        find_checkpoint("facebook/dinov2-base")


@pytest.mark.parametrize("name", ["./nothing", "/nowhere/at/all", "a/b/c", "~/no-such-folder-here"])
def test_a_missing_folder_is_named(name):
    with pytest.raises(EncoderError, match="there is no encoder in"):
        find_checkpoint(name)


@pytest.mark.parametrize("name", ["nonsense", "no such--thing", "image_id/no such--thing"])
def test_a_name_that_cannot_be_an_id(name):
    with pytest.raises(EncoderError, match="is no encoder: give efficientnet-lite2"):
        find_checkpoint(name)


@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_an_incomplete_folder_names_the_missing_file(tmp_path, file):
    folder = complete(tmp_path / "model")
    (folder / file).unlink()
    with pytest.raises(EncoderError, match=f"has no {file}"):
        find_checkpoint(str(folder))
