"""The server's graphs as MCP tools: what a model sees of them, and that it can use them."""

import base64
import io
import itertools
import json
from functools import partial

import httpx
import pytest

from tests.integration.chat.parts import spotted_part

NUMBER = itertools.count(1)


@pytest.fixture(scope="session")
def post(server):
    """Sends something to the server's /mcp."""
    headers = {"Accept": "application/json, text/event-stream"}
    with httpx.Client(headers=headers, timeout=300) as client:
        yield partial(client.post, f"{server[0]}/mcp")


@pytest.fixture(scope="session")
def ask(post):
    """Sends a JSON-RPC request; gives its result."""

    def send(method, **params):
        body = {"jsonrpc": "2.0", "id": next(NUMBER), "method": method, "params": params}
        answer = post(json=body)
        assert answer.status_code == 200
        return answer.json()["result"]

    return send


@pytest.fixture(scope="session")
def photograph():
    stream = io.BytesIO()
    spotted_part().save(stream, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


def test_tools_have_a_description_and_described_arguments_that_a_model_can_fill(ask):
    tools = {tool["name"]: tool for tool in ask("tools/list")["tools"]}
    arguments = {
        "inspection": ["image", "product", "question", "messages"],
        "chat": ["messages", "product"],
        "batch": ["images", "product"],
    }
    assert set(tools) == set(arguments)
    for name, expected in arguments.items():
        assert "part" in tools[name]["description"]
        schema = tools[name]["inputSchema"]
        assert schema["type"] == "object"
        assert list(schema["properties"]) == expected
        assert all(field["description"] for field in schema["properties"].values())
        assert len(str(schema)) < 40_000


def test_a_model_inspects_a_photograph(ask, photograph):
    done = ask("tools/call", name="inspection", arguments={"image": photograph, "product": "plate"})
    told = json.loads(done["content"][0]["text"])
    assert set(told) == {"verdict", "messages"}
    assert told["verdict"]["label"] == "defective"
    assert told["messages"][-1]["content"].startswith("plate: defective")


def test_a_model_inspects_several(ask, photograph):
    done = ask("tools/call", name="batch", arguments={"images": [photograph, "nonsense"], "product": "plate"})
    told = json.loads(done["content"][0]["text"])
    assert [one["label"] for one in told["verdicts"]] == ["defective", "review"]
    assert told["counts"] == {"normal": 0, "defective": 1, "review": 1}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"image": "/etc/hostname"}, "ImageError: /etc/hostname lies outside the folders"),
        ({}, "ImageError: no image was given: give image as"),
        ({"image": 5}, "which is no image"),
    ],
)
def test_what_cannot_be_taken_is_an_error_of_the_tool_with_its_sentence(ask, arguments, sentence):
    done = ask("tools/call", name="inspection", arguments=arguments)
    assert done["isError"] is True
    assert sentence in done["content"][0]["text"]


def test_what_is_no_call_of_a_tool_of_echo_is_answered_by_the_server(ask, post):
    assert ask("ping") == {}
    assert ask("initialize", protocolVersion="2025-06-18")["serverInfo"]["name"] == "LangGraph"
    for body, code in ((b"nonsense", 400), (b"[]", 400), (b"{}", 400)):
        assert post(content=body).status_code == code
    unknown = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "no tool"}}
    told = post(json=unknown).json()
    assert "Unknown tool" in told["error"]["message"]


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"name": 5}, "name of a tool"),
        ({"name": "inspection", "arguments": "nonsense"}, "arguments is"),
        ({"name": "inspection", "arguments": {}, "context": "first"}, "context is"),
    ],
)
def test_what_is_no_call_is_refused_in_words(post, params, told):
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    answer = post(json=body).json()
    assert answer["error"]["code"] == -32602
    assert told in answer["error"]["message"]
