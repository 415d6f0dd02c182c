"""What is handed in is used; what is not is opened by name; both at once is an error."""

import pytest

from echo_agent.context import Context
from echo_agent.errors import SettingsError
from echo_agent.memory.memory import Memory
from echo_agent.resources import Resources
from tests.scripted_mllm import fake_decider
from tests.stand_in_encoder import StandInEncoder


@pytest.fixture
def memory(tmp_path):
    return Memory.open(tmp_path / "memory", encoder=StandInEncoder(), create=True)


def test_what_is_handed_in_is_what_is_used(memory):
    decider = fake_decider(0.5)
    resources = Resources(memory=memory, decider=decider)
    assert resources.memory is memory
    assert resources.decider is decider
    assert resources.chat_model is None


def test_without_objects_the_context_names_them(memory):
    named = Resources(Context(memory=str(memory.folder), mllm="measured"))
    assert named.decider is None
    with pytest.raises(SettingsError, match="decider="):
        Resources(Context(mllm="measured"), decider=fake_decider(0.5))


def test_a_memory_that_is_handed_in_and_another_that_is_named_are_an_error(memory, tmp_path, monkeypatch):
    with pytest.raises(SettingsError, match="other"):
        Resources(Context(memory=str(tmp_path / "other")), memory=memory)
    monkeypatch.chdir(tmp_path)
    assert Resources(Context(memory="memory"), memory=memory).memory is memory
