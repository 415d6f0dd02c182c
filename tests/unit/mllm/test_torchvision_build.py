"""What is said of a torchvision that is missing or does not fit torch."""

import sys

import pytest

from echo_agent.errors import ModelError
from echo_agent.mllm.catalog import status
from echo_agent.mllm.checkpoint import CheckpointSpec, load
from echo_agent.mllm.torchvision_build import torchvision_problem
from echo_agent.settings import Settings


@pytest.fixture
def put_torchvision(tmp_path, monkeypatch):
    """Puts a package of that name first on the path, with the given source."""

    def put(source):
        (tmp_path / "torchvision").mkdir()
        (tmp_path / "torchvision" / "__init__.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "torchvision", raising=False)

    yield put
    sys.modules.pop("torchvision", None)


def test_nothing_is_wrong_where_it_is_missing(monkeypatch):
    monkeypatch.setattr("echo_agent.mllm.torchvision_build.find_spec", lambda _: None)
    assert torchvision_problem() is None
    assert not any(
        "torchvision" in remedy for remedy in status("Qwen/Qwen3-VL-2B-Instruct", Settings()).remedies
    )


def test_nothing_is_wrong_where_it_fits(put_torchvision):
    put_torchvision("")
    assert torchvision_problem() is None


def test_one_for_another_torch_is_told_with_the_remedy(put_torchvision, tmp_path):
    put_torchvision("raise RuntimeError('operator torchvision::nms does not exist')")
    assert "operator torchvision::nms does not exist" in torchvision_problem()
    assert any("pip uninstall torchvision" in remedy for remedy in status(str(tmp_path), Settings()).remedies)
    with pytest.raises(ModelError, match="pip uninstall torchvision"):
        load(CheckpointSpec(str(tmp_path), device="cpu"))
