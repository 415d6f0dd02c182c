import base64
import io
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from langgraph_sdk import get_sync_client
from PIL import Image

from echo_agent.graph import build_graph
from tests.conftest import synthetic_part
from tests.integration.chat.parts import spotted_part

EXPERTS = [
    "intake", "reference_extractor", "knowledge_guide", "router",
    "reasoning_expert", "decision_maker", "human_review", "responder",
]  # fmt: skip


@pytest.fixture(scope="session")
def client(server):
    """A client of the server."""
    with get_sync_client(url=server[0], timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def part(studio_memory):
    """A defective part, put aside, as the inspection takes it."""
    return studio_memory.put_aside(spotted_part()).model_dump()


def pixels(picture):
    stream = io.BytesIO()
    picture.save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode()


def assistant(client, graph):
    return client.assistants.search(graph_id=graph)[0]


def test_the_server_answers_within_ten_seconds_and_has_loaded_no_model(server):
    _, seconds, log = server
    print(f"/ok after {seconds:.1f} s")  # noqa: T201
    assert seconds < 10
    assert "encoder" not in log.read_text().casefold()


@pytest.mark.parametrize("graph", ["inspection", "chat"])
def test_graphs_have_descriptions_schemas_and_the_settings(client, graph):
    found = assistant(client, graph)
    assert "part" in found["description"]
    schemas = client.assistants.get_schemas(found["assistant_id"])
    settings = schemas["context_schema"]["properties"]
    assert "false" in settings["max_false_reject"]["description"].casefold() or settings["max_false_reject"]
    assert settings["profile"]["enum"] == ["adaptive", "paper", "always", "never"]
    assert settings["shots"]["maximum"] == 64
    assert "messages" in schemas["input_schema"]["properties"]


def test_the_drawing_names_experts_and_labels_the_edges(client):
    drawn = client.assistants.get_graph(assistant(client, "inspection")["assistant_id"])
    assert [node["id"] for node in drawn["nodes"]] == ["__start__", *EXPERTS, "__end__"]
    labels = {edge.get("data") for edge in drawn["edges"]} - {None}
    assert labels == {"weigh step by step", "clear", "unsure: look again", "ask a person", "decided"}
    mermaid = build_graph().get_graph().draw_mermaid()
    assert all(label in mermaid for label in labels)


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


def test_a_chat_of_three_turns(client):
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


def test_a_person_is_asked_and_the_run_goes_on(client, studio_memory):
    thread = client.threads.create()["thread_id"]
    unlike = studio_memory.put_aside(Image.effect_mandelbrot((160, 120), (-2, -1.5, 1, 1.5), 60)).model_dump()
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


def test_two_runs_at_once(client, studio_memory):
    pictures = [spotted_part(), synthetic_part(3)]
    images = [studio_memory.put_aside(picture).model_dump() for picture in pictures]

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
        [{"type": "image", "base64": "bm90IGFuIGltYWdl", "mime_type": "image/png"}],
        [{"type": "image", "url": "file:///etc/passwd"}],
        [{"type": "image_url", "image_url": {"url": "http://127.0.0.1:1/a.png"}}],
        "/etc/shadow.png",
    ],
)
def test_a_hostile_message_gets_words_and_the_server_goes_on(client, content):
    done = client.runs.wait(None, "chat", input={"messages": [{"role": "user", "content": content}]})
    said = done["messages"][-1]
    assert said["type"] == "ai"
    assert "Traceback" not in said["content"]
    assert client.http.get("/ok") == {"ok": True}
