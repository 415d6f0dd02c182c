import base64
import io

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from echo_agent.chat.graph import build_chat_graph
from echo_agent.context import Context
from echo_agent.inspector import Inspector
from tests.conftest import synthetic_part
from tests.integration.chat.parts import spotted_part


@pytest.fixture(scope="session")
def plate_inspector(tmp_path_factory, good_parts):
    """An inspector that knows the synthetic plate."""
    inspector = Inspector.open(tmp_path_factory.mktemp("chat") / "memory")
    inspector.register("plate", good_parts)
    return inspector


@pytest.fixture(scope="session")
def photograph():
    """Gives the base64 of a synthetic part's PNG."""

    def encoded(seed, *, defect=False):
        stream = io.BytesIO()
        (spotted_part() if defect else synthetic_part(seed)).save(stream, format="PNG")
        return base64.b64encode(stream.getvalue()).decode()

    return encoded


@pytest.fixture
def talk(plate_inspector):
    """Sends a turn on a thread; gives the state after it."""
    chat = build_chat_graph(InMemorySaver())

    def turn(content, *, thread="t", product="plate"):
        return chat.invoke(
            {"messages": [{"role": "user", "content": content}], "product": product},
            {"configurable": {"thread_id": thread}},
            context=Context(memory=str(plate_inspector.memory.folder)),
        )

    turn.graph = chat
    return turn
