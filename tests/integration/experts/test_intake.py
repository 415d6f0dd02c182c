"""What the inspection graph takes: the same forms in process, on a thread and as a subgraph."""

import base64
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph

from echo_agent.context import Context
from echo_agent.errors import ImageError, InputError, ProductError
from echo_agent.graph import build_graph
from echo_agent.inspector import Inspector
from echo_agent.settings import process_settings
from echo_agent.state import Question
from tests.conftest import synthetic_part
from tests.photographs import encoded, stained

GOOD, STAINED = synthetic_part(50), stained(synthetic_part(51))
ONCE = Context(max_attempts=1)
THREAD: Any = {"configurable": {"thread_id": "1"}}


def in_base64(part):
    return base64.b64encode(encoded(part)).decode()


def message(*blocks, text=""):
    words = [{"type": "text", "text": text}] if text else []
    return {"role": "user", "content": [*words, *blocks]}


def block(part):
    return {"type": "image", "base64": in_base64(part), "mime_type": "image/png"}


@pytest.fixture(scope="module")
def inspector(tmp_path_factory, good_parts):
    opened = Inspector.open(tmp_path_factory.mktemp("intake") / "memory")
    opened.register("plate", good_parts)
    return opened


@pytest.fixture
def graph(inspector):
    return build_graph(memory=inspector.memory)


@pytest.fixture
def allowed(tmp_path, monkeypatch):
    """A folder whose images may be named by path."""
    monkeypatch.setenv("ECHO_IMAGE_FOLDERS", str(tmp_path))
    process_settings.cache_clear()
    return tmp_path


def forms(memory, folder, part=STAINED):
    file = folder / "part.png"
    file.write_bytes(encoded(part))
    stored = memory.store_image(encoded(part))
    return {
        "data URL": {"image": f"data:image/png;base64,{in_base64(part)}"},
        "block": {"image": block(part)},
        "agent-chat-ui": {"image": {"type": "image", "mimeType": "image/png", "data": in_base64(part)}},
        "digest": {"image": stored.sha256},
        "echo-image": {"image": f"echo-image:{stored.sha256}"},
        "reference as JSON": {"image": stored.model_dump()},
        "path": {"image": str(file)},
        "message": {"messages": [message(block(part))]},
    }


FORMS = ["data URL", "block", "agent-chat-ui", "digest", "echo-image", "reference as JSON", "path", "message"]


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_an_image_comes_to_the_same_verdict(inspector, graph, allowed, form):
    given = forms(inspector.memory, allowed)[form]
    found = graph.invoke({**given, "product": "plate"}, context=ONCE)
    assert set(found) == {"verdict", "messages"}
    assert found["verdict"].score == inspector.inspect(STAINED, product="plate", context=ONCE).score
    assert found["messages"][-1].text.startswith("plate: defective")
    assert in_base64(STAINED)[:100] not in str(found["messages"])


class Line(TypedDict, total=False):
    image: Any
    product: str
    question: str
    messages: list[Any]
    verdict: Any


@pytest.mark.parametrize("form", ["data URL", "digest", "message"])
def test_the_graph_is_a_subgraph_that_takes_the_same_forms(inspector, graph, allowed, form):
    line = StateGraph(Line, context_schema=Context)
    line.add_node("inspection", graph)
    line.add_edge(START, "inspection")
    given = forms(inspector.memory, allowed)[form]
    found = line.compile(checkpointer=InMemorySaver()).invoke(
        {**given, "product": "plate"}, THREAD, context=ONCE
    )
    assert found["verdict"].label == "defective"
    assert found["verdict"].product == "plate"


def test_schemas_show_image_product_question_and_messages_and_the_verdict_with_its_message(graph):
    given, gives = graph.get_input_jsonschema(), graph.get_output_jsonschema()
    assert list(given["properties"]) == ["image", "product", "question", "messages"]
    assert all(field["description"] for field in given["properties"].values())
    assert list(gives["properties"]) == ["verdict", "messages"]


def test_a_turn_without_a_question_or_a_product_has_none_of_the_turn_before(inspector):
    graph = build_graph(InMemorySaver(), memory=inspector.memory)
    first = {"image": block(STAINED), "product": "plate", "question": "Where is it? A) top B) bottom"}
    assert graph.invoke(first, THREAD, context=ONCE)["verdict"].answer is not None
    second = graph.invoke({"image": block(GOOD)}, THREAD, context=ONCE)["verdict"]
    assert second.answer is None
    assert not second.product_given
    assert second.label == "normal"


def test_a_question_comes_as_text_with_its_photograph_or_after_it(inspector):
    graph = build_graph(InMemorySaver(), memory=inspector.memory)
    first = {"messages": [message(block(STAINED), text="Is it free of defects?")], "product": "plate"}
    assert graph.invoke(first, THREAD, context=ONCE)["verdict"].answer.text.startswith("No")
    later = {"messages": [message(text="Where is it?")], "product": "plate"}
    asked = graph.invoke(later, THREAD, context=ONCE)["verdict"]
    assert asked.label == "defective"
    assert "R1" in asked.answer.text
    again = {"image": block(STAINED), "question": Question(text="How big is it?"), "product": "plate"}
    assert "R1" in graph.invoke(again, THREAD, context=ONCE)["verdict"].answer.text


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({}, ImageError, "no image was given"),
    ({"image": 5}, ImageError, "which is no image"),
    ({"image": "  "}, ImageError, "no image was given"),
    ({"image": "0" * 64}, ImageError, "no image is kept under"),
    ({"image": "/etc/hostname"}, ImageError, "outside the folders"),
    ({"image": "file:///etc/hostname"}, ImageError, "is not read"),
    ({"image": {"type": "image"}}, ImageError, "without an image"),
    ({"image": block(GOOD) | {"base64": "bm90IGFuIGltYWdl"}}, ImageError, "not an image"),
    ({"image": {"uri": "/etc/hostname", "sha256": "0" * 64, "width": 9, "height": 9}}, ImageError, "outside"),
    ({"image": {"uri": "/etc/hostname"}}, ImageError, "outside the folders"),
    ({"image": block(GOOD), "product": 5}, InputError, "product is '5'"),
    ({"image": block(GOOD), "product": "bolt"}, ProductError, "bolt"),
    ({"image": block(GOOD), "question": 5}, InputError, "question is '5'"),
    ({"messages": [message(block(GOOD), block(GOOD))]}, ImageError, "2 photographs"),
    ({"messages": [message(block(GOOD) | {"base64": "***"})]}, ImageError, "not base64"),
    ({"messages": [message({"type": "audio", "data": "x"})]}, ImageError, "cannot be read"),
]


@pytest.mark.parametrize(("bad", "kind", "words"), BAD, ids=[f"{bad}"[:40] for bad, _, _ in BAD])
def test_a_bad_input_is_told_in_words_and_leaves_the_thread_usable(inspector, bad, kind, words):
    graph = build_graph(InMemorySaver(), memory=inspector.memory)
    with pytest.raises(kind, match=words):
        graph.invoke(bad, THREAD, context=ONCE)
    good = graph.invoke({"image": block(STAINED), "product": "plate"}, THREAD, context=ONCE)
    assert good["verdict"].label == "defective"
    assert (
        graph.invoke({"messages": [message(block(GOOD))]}, THREAD, context=ONCE)["verdict"].label == "normal"
    )


def test_a_forged_reference_names_no_file_outside(inspector, graph, tmp_path):
    hidden = tmp_path / "secret.png"
    hidden.write_bytes(encoded(synthetic_part(52)))
    forged = inspector.memory.store_image(Path(hidden)).model_dump()
    assert forged["uri"] == str(hidden)
    with pytest.raises(ImageError, match="outside the folders"):
        graph.invoke({"image": forged, "product": "plate"}, context=ONCE)
