"""What the graph does where a served language model fails: it asks again, then the part is review, with the cause."""

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from echo_agent.context import Context
from echo_agent.errors import ModelError
from echo_agent.graph import build_graph
from echo_agent.inspector import Inspector
from echo_agent.settings import process_settings
from tests.conftest import synthetic_part
from tests.served_stand_in import FakeServer

NOBODY = "http://127.0.0.1:9/v1#served"
CARD = "schema_version: 1\nproduct: plate\nnormal: A grey plate.\nchecklist:\n  - statement: It is grey.\n"


@pytest.fixture(scope="module")
def inspector(tmp_path_factory, good_parts):
    folder = tmp_path_factory.mktemp("faults")
    (folder / "card.yaml").write_text(CARD)
    opened = Inspector.open(folder / "memory")
    opened.register("plate", good_parts, knowledge=folder / "card.yaml")
    return opened


@pytest.fixture
def server():
    made = FakeServer()
    yield made
    made.close()


def context(url, **changes):
    return Context(mllm=url, calibrate_on_references=False, **changes)


def test_a_server_that_nobody_started_is_review_with_the_cause_in_every_step(inspector):
    verdict = inspector.inspect(
        synthetic_part(99, defect=True), product="plate", context=context(NOBODY, profile="always")
    )
    assert verdict.label == "review"
    assert len(verdict.attempts) == 1
    assert "cannot be reached" in verdict.attempts[0].error
    assert "cannot be reached" in verdict.reasons[0].text
    assert (verdict.trace.written_by, "cannot be reached" in verdict.trace.instead_of) == ("measured", True)
    assert "cannot be reached" in verdict.knowledge.checklist[0].reason
    assert verdict.regions, "what was measured stands"


def test_a_fault_that_passes_is_asked_again_by_the_graph(inspector, server):
    server.drops = 2
    verdict = inspector.inspect(
        synthetic_part(99, defect=True),
        product="plate",
        context=context(f"{server.url}#served", max_attempts=1),
    )
    assert verdict.attempts[0].error is None
    assert verdict.decided_by.model == "served"


def test_a_key_that_is_refused_is_an_error_of_the_call(inspector, server):
    server.statuses = [401] * 99
    with pytest.raises(ModelError, match="refuses the key"):
        inspector.inspect(synthetic_part(50), product="plate", context=context(f"{server.url}#served"))


def test_a_person_is_asked_about_a_part_that_no_model_answered_for(inspector):
    graph = build_graph(InMemorySaver(), memory=inspector.memory)
    thread = {"configurable": {"thread_id": "1"}}
    given = {"image": inspector.memory.store_image(synthetic_part(50)), "product": "plate"}
    asking = context(NOBODY, human_review=True)
    assert graph.invoke(given, thread, context=asking)["__interrupt__"]
    done = graph.invoke(Command(resume="It is fine, normal"), thread, context=asking)
    assert done["verdict"].label == "normal"


def test_steps_that_cannot_be_read_are_told(inspector, server):
    server.content = "no json"
    process_settings.cache_clear()
    verdict = inspector.inspect(
        synthetic_part(99, defect=True),
        product="plate",
        context=context(f"{server.url}#served", profile="always", max_attempts=1),
    )
    assert verdict.trace.written_by == "measured"
    assert "wrote no JSON" in verdict.trace.instead_of
