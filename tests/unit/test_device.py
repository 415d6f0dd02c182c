import pytest
import torch

from echo_agent.device import resolve_device
from echo_agent.errors import SettingsError


@pytest.fixture(params=[0, 2])
def gpus(request, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: request.param > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: request.param)
    return request.param


def test_auto_takes_a_gpu_where_there_is_one(gpus):
    assert resolve_device("auto") == ("cuda" if gpus else "cpu")
    assert resolve_device("cpu") == "cpu"


@pytest.mark.parametrize(("device", "wanted"), [("cuda", 1), ("cuda:0", 1), ("cuda:1", 2), ("cuda:2", 3)])
def test_a_named_gpu_is_there_or_told_to_be_missing(gpus, device, wanted):
    if gpus >= wanted:
        assert resolve_device(device) == device
    else:
        with pytest.raises(
            SettingsError, match=rf"no device '{device}': set ECHO_DEVICE to one of auto, cpu"
        ):
            resolve_device(device)


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "cuda:-1", "", "CPU"])
def test_what_is_no_device_is_told(gpus, device):
    with pytest.raises(SettingsError, match="ECHO_DEVICE"):
        resolve_device(device)
