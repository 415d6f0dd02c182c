import pytest

from echo_agent.errors import EncoderError
from echo_agent.memory.memory import Memory
from echo_agent.resources import open_memory
from echo_agent.vision import vit_family
from tests.unit.vision.checkpoints import PATCH, save_checkpoint


@pytest.fixture(autouse=True)
def small_images(monkeypatch):
    monkeypatch.setattr(vit_family, "DENSE_SIDE", PATCH * 6)


def test_a_memory_reopens_with_the_encoder_it_was_registered_with(
    tmp_path, monkeypatch, good_parts, scratched_part
):
    save_checkpoint("dinov2", tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    memory = Memory.open(tmp_path / "memory", encoder="./model", create=True)
    record = memory.register("plate", good_parts, shots=3)
    monkeypatch.chdir("/")
    again = Memory.open(tmp_path / "memory")
    assert again.encoder.id == record.encoder
    evidence = again.evidence(again.store_image(scratched_part), "plate")
    assert evidence.encoder == record.encoder
    assert evidence.score is not None


def test_another_encoder_is_refused_and_the_right_one_is_named(tmp_path, good_parts):
    folder = save_checkpoint("dinov2", tmp_path / "model")
    Memory.open(tmp_path / "memory", encoder=str(folder), create=True).register("plate", good_parts, shots=2)
    with pytest.raises(EncoderError, match=f"--encoder {folder}"):
        Memory.open(tmp_path / "memory", encoder="efficientnet-lite2")


def test_naming_the_encoder_again_opens_the_same_memory(tmp_path, good_parts):
    folder = save_checkpoint("dinov2", tmp_path / "model")
    opened = open_memory(str(tmp_path / "memory"), encoder=str(folder), create=True)
    opened.register("plate", good_parts, shots=2)
    assert open_memory(str(tmp_path / "memory"), encoder=str(folder)) is opened
