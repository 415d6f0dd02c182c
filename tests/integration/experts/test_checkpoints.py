"""What checkpoints hold is read as Echo's types on every checkpointer, without a warning; other types are not made."""

import logging
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command

from echo_agent.checkpoints import reading
from echo_agent.context import Context
from echo_agent.graph import CHECKPOINTED, build_graph
from echo_agent.inspector import Inspector
from echo_agent.state import InspectionInput, State, Verdict
from echo_agent.state.image import ImageRef
from tests.conftest import synthetic_part

THREAD: Any = {"configurable": {"thread_id": "1"}}
ASKING = Context(min_confidence=1.0, max_attempts=1, human_review=True)


class Plain:
    """A cipher that encrypts nothing."""

    def encrypt(self, plaintext):
        return "plain", plaintext

    def decrypt(self, ciphername, ciphertext):
        return ciphertext


def everything():
    return JsonPlusSerializer(allowed_msgpack_modules=True)


@pytest.fixture(scope="module")
def memory(tmp_path_factory, good_parts):
    inspector = Inspector.open(tmp_path_factory.mktemp("checkpoints") / "memory")
    inspector.register("plate", good_parts)
    return inspector.memory


@pytest.fixture(params=["default", "everything", "one type", "encrypted", "sqlite"])
def saver(request, tmp_path):
    if request.param == "sqlite":
        with SqliteSaver.from_conn_string(str(tmp_path / "threads.sqlite")) as opened:
            opened.serde = everything()
            yield opened
        return
    serde = {
        "default": JsonPlusSerializer(),
        "everything": everything(),
        "one type": JsonPlusSerializer(allowed_msgpack_modules=[("echo_agent.state.image", "Box")]),
        "encrypted": EncryptedSerializer(Plain(), everything()),
    }[request.param]
    yield InMemorySaver(serde=serde)


@pytest.mark.parametrize("schema", [State, InspectionInput])
def test_a_thread_is_read_without_a_warning_and_with_its_types(memory, saver, caplog, schema):
    graph = build_graph(saver, memory=memory)
    given = schema(image=memory.store_image(synthetic_part(50)), product="plate")
    with caplog.at_level(logging.WARNING):
        assert graph.invoke(given, THREAD, context=ASKING)["__interrupt__"]
        graph.invoke(Command(resume={"action": "accept"}), THREAD, context=ASKING)
        held = list(graph.get_state_history(THREAD))
    assert isinstance(held[0].values["verdict"], Verdict)
    assert isinstance(held[0].values["request"].image, ImageRef)
    assert not [record for record in caplog.records if "serializ" in record.getMessage()]


def test_a_type_that_is_not_registered_is_not_made(caplog):
    saver = reading(InMemorySaver(serde=everything()), CHECKPOINTED)
    kept = everything().dumps_typed(Context())
    with caplog.at_level(logging.WARNING):
        assert not isinstance(saver.serde.loads_typed(kept), Context)


def test_a_checkpointer_of_a_graph_around_it_reads_echo_s_types_too(memory, saver, caplog):
    around = StateGraph(State)
    around.add_node("inspection", build_graph(memory=memory))
    around.add_edge(START, "inspection")
    around = around.compile(checkpointer=saver)
    given = {"image": memory.store_image(synthetic_part(50)), "product": "plate"}
    with caplog.at_level(logging.WARNING):
        around.invoke(given, THREAD)
        assert isinstance(around.get_state(THREAD).values["verdict"], Verdict)
    assert not [record for record in caplog.records if "serializ" in record.getMessage()]
