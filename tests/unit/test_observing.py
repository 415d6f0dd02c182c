import json
import logging

import pytest

from echo_agent.mllm.served_http import ModelServer
from echo_agent.observing import JsonLines, hide_secrets, observed

SECRETS = ("hunter2", "abc.def-123", "s3cr3t")


@pytest.mark.parametrize(
    "text",
    [
        "https://bob:hunter2@models.example/v1#qwen",
        "Authorization: Bearer abc.def-123",
        "X-API-Key: s3cr3t",
        '{"api_key": "s3cr3t", "model": "qwen"}',
        "https://models.example/v1?token=s3cr3t&model=qwen",
        "ECHO_UI_PASSWORD=hunter2",
    ],
)
def test_secrets_are_hidden_and_the_rest_stays(text):
    shown = hide_secrets(text)
    assert not any(secret in shown for secret in SECRETS)
    assert ("qwen" in text) == ("qwen" in shown)


def test_plain_text_stays():
    for text in (
        "The part is normal.",
        "http://localhost:8000/v1#qwen",
        "/tmp/keys/part.png",
        "a key was pressed",
    ):
        assert hide_secrets(text) == text


def test_an_event_is_a_line_of_json(caplog):
    with caplog.at_level(logging.INFO, "echo_agent"), observed("router", inspection="1f") as told:
        told["label"] = "normal"
    line = json.loads(JsonLines().format(caplog.records[0]))
    assert (line["event"], line["inspection"], line["label"], line["level"]) == (
        "router",
        "1f",
        "normal",
        "info",
    )
    assert line["seconds"] >= 0


def test_an_event_that_fails_tells_the_kind_of_error_alone(caplog):
    def fail():
        with observed("router"):
            raise ValueError("https://bob:hunter2@host")

    with caplog.at_level(logging.INFO, "echo_agent"), pytest.raises(ValueError, match="hunter2"):
        fail()
    line = JsonLines().format(caplog.records[0])
    assert json.loads(line)["error"] == "ValueError"
    assert "hunter2" not in line


def test_a_log_record_of_another_library_hides_secrets_too():
    record = logging.LogRecord(
        "httpx", logging.INFO, "", 1, "POST %s", ("https://bob:hunter2@host/v1",), None
    )
    assert "hunter2" not in JsonLines().format(record)


def test_config_and_verdicts_hide_the_password_of_a_served_model(echo, monkeypatch):
    address = "https://bob:hunter2@models.example/v1"
    monkeypatch.setenv("ECHO_MLLM", f"{address}#qwen")
    monkeypatch.setenv("ECHO_MLLM_API_KEY", "s3cr3t")
    for options in ((), ("--json",)):
        _, out, _ = echo("config", *options)
        assert "models.example" in out
        assert not any(secret in out for secret in SECRETS)
    assert "hunter2" not in ModelServer(address, "qwen", "s3cr3t", 1.0).url
