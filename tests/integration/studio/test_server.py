import base64
import io
import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from langgraph_sdk import get_sync_client
from PIL import Image

from tests.conftest import synthetic_part
from tests.integration.chat.parts import spotted_part

EXPERTS = [
    "intake", "reference_extractor", "knowledge_guide", "checklist", "router",
    "reasoning_expert", "decision_maker", "review_queue", "human_review", "responder",
]  # fmt: skip


@pytest.fixture(scope="session")
def client(server):
    """A client of the server."""
    with get_sync_client(url=server[0], timeout=300) as client:
        yield client


@pytest.fixture(scope="session")
def part(studio_memory):
    """A defective part, stored, as the inspection takes it."""
    return studio_memory.store_image(spotted_part()).model_dump()


def pixels(picture):
    stream = io.BytesIO()
    picture.save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode()


def assistant(client, graph):
    return client.assistants.search(graph_id=graph)[0]


@pytest.mark.parametrize("graph", ["inspection", "chat"])
def test_graphs_have_descriptions_schemas_and_the_settings(client, graph):
    found = assistant(client, graph)
    assert "part" in found["description"]
    schemas = client.assistants.get_schemas(found["assistant_id"])
    settings = schemas["context_schema"]["properties"]
    assert all(setting["description"] for setting in settings.values())
    assert settings["profile"]["enum"] == ["adaptive", "paper", "always", "never"]
    assert settings["shots"]["maximum"] == 64
    nodes = {node["id"] for node in client.assistants.get_graph(found["assistant_id"])["nodes"]}
    assert all(nodes & set(setting["langgraph_nodes"]) for setting in settings.values())
    given = {"inspection": ["image", "product", "question", "messages"], "chat": ["messages", "product"]}
    assert list(schemas["input_schema"]["properties"]) == given[graph]
    assert list(schemas["output_schema"]["properties"]) == ["verdict", "messages"]


def test_the_drawing_names_experts_and_labels_the_edges(client):
    drawn = client.assistants.get_graph(assistant(client, "inspection")["assistant_id"])
    assert [node["id"] for node in drawn["nodes"]] == ["__start__", *EXPERTS, "__end__"]
    labels = {edge.get("data") for edge in drawn["edges"]} - {None}
    assert labels == {"weigh step by step", "clear", "unsure: look again", "ask a person", "decided"}
    drawn = client.assistants.get_graph(assistant(client, "chat")["assistant_id"])
    assert [node["id"] for node in drawn["nodes"]][1:-1] == ["turn_intake", "inspection", "answer"]
    labels = {edge.get("data") for edge in drawn["edges"]} - {None}
    assert labels >= {"new photograph", "question about the last one", "something was asked"}


def test_an_inspection_streams_node_by_node_with_progress(client, part):
    events = list(
        client.runs.stream(
            None, "inspection", input={"image": part, "product": "plate"}, stream_mode=["updates", "custom"]
        )
    )
    nodes = [name for event in events if event.event == "updates" for name in event.data]
    assert nodes[:2] == ["intake", "reference_extractor"]
    assert nodes[-1] == "responder"
    told = [event.data for event in events if event.event == "custom"]
    assert told[0] == {"expert": "intake", "event": "started"}
    assert {one["expert"] for one in told if one["event"] == "finished"} >= {
        "reference_extractor",
        "responder",
    }
    assert events[-1].data["responder"]["verdict"]["label"] == "defective"


@pytest.mark.parametrize("form", ["data URL", "block", "digest", "path", "message"])
def test_the_server_takes_each_form_of_an_image_and_gives_verdict_and_messages(
    client, studio_memory, allowed_folder, form
):
    part = spotted_part(31)
    block = {"type": "image", "mimeType": "image/png", "data": pixels(part)}
    file = allowed_folder / "part.png"
    part.save(file)
    given = {
        "data URL": {"image": f"data:image/png;base64,{pixels(part)}"},
        "block": {"image": block},
        "digest": {"image": studio_memory.store_image(base64.b64decode(pixels(part))).sha256},
        "path": {"image": str(file)},
        "message": {"messages": [{"role": "user", "content": [block]}]},
    }[form]
    done = client.runs.wait(None, "inspection", input={**given, "product": "plate"})
    assert set(done) == {"verdict", "messages"}
    assert done["verdict"]["label"] == "defective"
    assert done["messages"][-1]["content"].startswith("plate: defective")


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"image": 5}, "which is no image"),
        ({"image": "/etc/hostname"}, "outside the folders"),
        (
            {"image": {"uri": "/etc/hostname", "sha256": "0" * 64, "width": 9, "height": 9}},
            "outside the folders",
        ),
        ({}, "no image was given"),
    ],
)
def test_a_bad_input_keeps_its_sentence_and_its_thread_goes_on(client, part, bad, words):
    thread = client.threads.create()["thread_id"]
    events = list(client.runs.stream(thread, "inspection", input=bad))
    assert events[-1].event == "error"
    assert events[-1].data["error"] == "ImageError"
    assert words in events[-1].data["message"]
    done = client.runs.wait(thread, "inspection", input={"image": part, "product": "plate"})
    assert done["verdict"]["label"] == "defective"


@pytest.mark.parametrize(
    ("graph", "run", "kind", "words"),
    [
        ("inspection", {"input": {"prodct": "plate"}}, "InputError", "did you mean product?"),
        ("chat", {"input": {"mesages": []}}, "InputError", "did you mean messages?"),
        ("inspection", {"input": {}, "context": {"max_attempts": 0}}, "SettingsError", "max_attempts cannot be 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_the_right_word(client, graph, run, kind, words):
    events = list(client.runs.stream(None, graph, **run))
    assert (events[-1].event, events[-1].data["error"]) == ("error", kind)
    assert words in events[-1].data["message"]


def test_the_server_takes_settings_as_context_and_as_its_own_configuration(client, part):
    given = {"image": part, "product": "plate"}
    for run in ({"context": {"max_attempts": 1}}, {"config": {"configurable": {"max_attempts": 1}}}):
        done = client.runs.wait(None, "inspection", input=given, **run)
        assert len(done["verdict"]["attempts"]) == 1


def test_experts_are_switched_in_the_settings(client, part):
    found = assistant(client, "inspection")
    settings = client.assistants.get_schemas(found["assistant_id"])["context_schema"]
    names = json.dumps(settings["properties"]["experts"])
    assert all(f'"{expert}"' in names for expert in ("reference", "knowledge", "reasoning"))

    def judged(**context):
        return client.runs.wait(
            None, "inspection", input={"image": part, "product": "plate"}, context=context
        )["verdict"]

    assert judged(profile="always")["trace"] is not None
    without = judged(profile="always", experts=["reference"])
    assert without["trace"] is None
    assert without["knowledge"] is None
    assert without["label"] == "defective"
    assert judged(experts=["knowledge", "reasoning"])["label"] == "review"


def test_a_chat_of_three_turns(client, server):
    thread = client.threads.create()["thread_id"]

    def turn(content):
        message = {"role": "user", "content": content}
        done = client.runs.wait(thread, "chat", input={"messages": [message], "product": "plate"})
        return done["messages"][-1]["content"]

    image = {
        "type": "image",
        "mimeType": "image/png",
        "data": pixels(spotted_part()),
        "metadata": {"name": "p.png"},
    }
    assert "defective" in turn([{"type": "text", "text": "Is it ok?"}, image])
    assert "R1 lies at the top" in turn("Where is it?")
    assert "R1 would exceed it" in turn("What if the limit were 2 px?")
    state = json.dumps(client.threads.get_state(thread)["values"])
    history = len(json.dumps(client.threads.get_history(thread, limit=100)))
    print(f"state {len(state)} B, history {history} B, photograph {len(image['data'])} B")  # noqa: T201
    assert image["data"][:100] not in state
    assert "serializ" not in server[2].read_text()


def test_a_person_is_asked_and_the_run_goes_on(client, server, studio_memory):
    thread = client.threads.create()["thread_id"]
    unlike = studio_memory.store_image(
        Image.effect_mandelbrot((160, 120), (-2, -1.5, 1, 1.5), 60)
    ).model_dump()
    client.runs.wait(
        thread, "inspection", input={"image": unlike, "product": "plate"}, context={"human_review": True}
    )
    waiting = next(iter(client.threads.get(thread)["interrupts"].values()))[0]
    assert waiting["value"]["answers"] == ["accept", "correct", "photo"]
    done = client.runs.wait(
        thread,
        "inspection",
        command={
            "resume": {"action": "correct", "label": "defective", "defect_type": "scratch", "who": "Ada"}
        },
        context={"human_review": True},
    )
    assert done["verdict"]["label"] == "defective"
    assert done["verdict"]["human"]["who"] == "Ada"
    assert "serializ" not in server[2].read_text()


def test_two_runs_at_once(client, studio_memory):
    pictures = [spotted_part(), synthetic_part(3)]
    images = [studio_memory.store_image(picture).model_dump() for picture in pictures]

    def run(image):
        return client.runs.wait(None, "inspection", input={"image": image, "product": "plate"})["verdict"][
            "label"
        ]

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(run, images)) == ["defective", "normal"]


@pytest.mark.parametrize(
    "content",
    [
        "Where?",
        "",
        [{"type": "image", "base64": "bm90IGFuIGltYWdl", "mime_type": "image/png"}],
        [{"type": "image", "base64": "A" * 140_000_000, "mime_type": "image/png"}],
        [{"type": "image", "url": "file:///etc/passwd"}],
        [{"type": "image_url", "image_url": {"url": "http://127.0.0.1:1/a.png"}}],
        [{"type": "image_url", "image_url": {"url": "http://[::ffff:127.0.0.1]/a.png"}}],
        "/etc/shadow.png",
    ],
    ids=["no image", "empty", "text as image", "100 MB", "file", "internal", "internal in IPv6", "outside"],
)
def test_a_hostile_message_gets_words_and_the_server_goes_on(client, content):
    done = client.runs.wait(None, "chat", input={"messages": [{"role": "user", "content": content}]})
    said = done["messages"][-1]
    assert said["type"] == "ai"
    assert said["content"].endswith(".")
    assert "Traceback" not in said["content"]
    assert client.http.get("/ok")["ok"] is True


def test_an_unknown_thread_is_told_in_words_and_the_server_goes_on(client):
    for thread in (str(uuid.uuid4()), "no-thread"):
        with pytest.raises(httpx.HTTPStatusError) as refused:
            client.runs.wait(thread, "chat", input={"messages": [{"role": "user", "content": "Where?"}]})
        assert 400 <= refused.value.response.status_code < 500
        assert "Traceback" not in refused.value.response.text
    assert client.http.get("/ok")["ok"] is True


def test_a_language_model_streams_its_answer_token_by_token(client, tmp_path_factory):
    from tests.tiny_checkpoints import qwen3_vl, speaks_in_words

    model = str(speaks_in_words(qwen3_vl(tmp_path_factory.mktemp("qwen3_vl"))))
    thread = client.threads.create()["thread_id"]
    image = {"type": "image", "base64": pixels(synthetic_part(3)), "mime_type": "image/png"}
    first = {"messages": [{"role": "user", "content": [image]}], "product": "plate"}
    client.runs.wait(thread, "chat", input=first)
    question = {"messages": [{"role": "user", "content": "Where is the defect?"}]}
    events = client.runs.stream(
        thread, "chat", input=question, context={"mllm": model}, stream_mode="messages-tuple"
    )
    tokens = [event.data[0] for event in events if event.event == "messages"]
    tokens = [token for token in tokens if token["type"] == "AIMessageChunk" and token["content"]]
    assert len(tokens) > 3
    assert len({token["id"] for token in tokens}) == 1
    last = client.threads.get_state(thread)["values"]["messages"][-1]
    assert last["id"] == tokens[0]["id"]
    assert last["content"].startswith("".join(token["content"] for token in tokens))
