import pytest

from echo_agent.memory.memory import Memory
from tests.conftest import synthetic_part
from tests.stand_in_encoder import use_stand_in_encoder


@pytest.fixture(autouse=True)
def encoders(monkeypatch):
    """Stand-in encoders by name, in place of the real ones."""
    return use_stand_in_encoder(monkeypatch)


@pytest.fixture
def memory(tmp_path):
    """A new memory."""
    return Memory.open(tmp_path / "memory", create=True)


@pytest.fixture
def plates(memory):
    """A memory in which ten synthetic good parts are registered as ``plate``."""
    memory.register("plate", [synthetic_part(seed) for seed in range(10)])
    return memory
