"""A batch over LangGraph's Send: a verdict for each photograph, in order, whatever becomes of the others."""

import base64
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from echo_agent import Context, Inspector
from echo_agent.batch_graph import build_batch_graph
from echo_agent.errors import InputError
from tests.conftest import synthetic_part
from tests.photographs import encoded, stained

ONCE = Context(max_attempts=1)
THREAD: Any = {"configurable": {"thread_id": "1"}}


@pytest.fixture(scope="module")
def inspector(tmp_path_factory, good_parts):
    opened = Inspector.open(tmp_path_factory.mktemp("batch") / "memory", context=ONCE)
    opened.register("plate", good_parts)
    return opened


def block(part):
    data = base64.b64encode(encoded(part)).decode()
    return {"type": "image", "base64": data, "mime_type": "image/png"}


PARTS = [synthetic_part(50), stained(synthetic_part(51)), synthetic_part(52)]


def test_each_photograph_gets_the_verdict_of_a_single_inspection_in_its_order(inspector):
    graph = build_batch_graph(memory=inspector.memory)
    given = {"images": [block(part) for part in PARTS], "product": "plate"}
    found = graph.invoke(given, {"max_concurrency": 2}, context=ONCE)
    assert set(found) == {"verdicts", "counts"}
    assert [one.verdict.score for one in found["verdicts"]] == [
        inspector.inspect(part, product="plate").score for part in PARTS
    ]
    assert found["counts"] == {"normal": 2, "defective": 1, "review": 0}


def test_a_photograph_that_cannot_be_read_is_review_and_costs_no_other_its_verdict(inspector):
    graph = build_batch_graph(memory=inspector.memory)
    images = [block(PARTS[1]), "/etc/hostname", 5, inspector.memory.store_image(PARTS[0])]
    found = graph.invoke({"images": images, "product": "plate"}, context=ONCE)["verdicts"]
    assert [one.label for one in found] == ["defective", "review", "review", "normal"]
    assert "outside the folders" in found[1].error
    assert "is no image" in found[2].error


def test_a_thread_takes_batch_after_batch_and_nobody_is_waited_for(inspector):
    graph = build_batch_graph(InMemorySaver(), memory=inspector.memory)
    asking = Context(max_attempts=1, human_review=True, min_confidence=1.0)
    graph.invoke({"images": [block(part) for part in PARTS], "product": "plate"}, THREAD, context=asking)
    second = graph.invoke({"images": [block(PARTS[0])]}, THREAD, context=asking)
    assert len(second["verdicts"]) == 1
    assert not second["verdicts"][0].verdict.product_given
    with pytest.raises(InputError, match="0 images"):
        graph.invoke({"product": "plate"}, THREAD, context=ONCE)
