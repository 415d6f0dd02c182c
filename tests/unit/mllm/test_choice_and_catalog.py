"""What a user may write after ``--mllm``, and what the list of models says of it."""

import pytest

from echo_agent.errors import ModelError
from echo_agent.mllm.catalog import models, status
from echo_agent.mllm.choice import open_decider, parse
from echo_agent.settings import Settings


@pytest.mark.parametrize(
    ("text", "kind", "model", "url"),
    [
        ("measured", "measured", "measured", None),
        ("Qwen/Qwen3-VL-4B-Instruct", "local", "Qwen/Qwen3-VL-4B-Instruct", None),
        ("http://localhost:8000/v1#qwen", "served", "qwen", "http://localhost:8000/v1"),
        ("https://host/v1/#org/model", "served", "org/model", "https://host/v1"),
    ],
)
def test_what_can_be_chosen(text, kind, model, url):
    choice = parse(text)
    assert (choice.kind, choice.model, choice.url) == (kind, model, url)


def test_a_folder_is_a_local_model(tmp_path):
    assert parse(str(tmp_path)).kind == "local"


@pytest.mark.parametrize("text", ["", "qwen", "./missing/model", "http://host/v1", "a b/c", "http://#m"])
def test_what_cannot_be_chosen_says_what_can(text):
    with pytest.raises(ModelError, match="#model"):
        parse(text)


def test_measured_needs_no_model_and_opening_loads_nothing():
    assert open_decider("measured", Settings()) is None
    assert open_decider("no/such-model", Settings()) is not None


def test_the_list_shows_the_configured_model_and_what_is_missing(tmp_path):
    listed = {row.model: row for row in models(str(tmp_path), Settings())}
    assert listed["measured"].ready
    assert listed[str(tmp_path)].configured
    assert "config.json" in listed[str(tmp_path)].remedies[0]
    assert "hf download Qwen/Qwen3-VL-8B-Instruct" in " ".join(listed["Qwen/Qwen3-VL-8B-Instruct"].remedies)


def test_no_gpu_is_told(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert "no GPU" in " ".join(status("Qwen/Qwen3-VL-8B-Instruct", Settings()).remedies)


def test_a_served_model_needs_no_extra_and_sends_nothing_before_it_is_asked():
    assert status("http://localhost:1/v1#m", Settings()).ready
    assert open_decider("http://localhost:1/v1#m", Settings()).decided_by().model == "m"
