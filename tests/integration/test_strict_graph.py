"""What a graph reads nothing of is refused, where LangGraph drops it in silence; a host's own state is none of it."""

import asyncio
from dataclasses import dataclass
from typing import Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command

from echo_agent import Context, Memory, State, build_chat_graph, build_graph
from echo_agent.batch_graph import build_batch_graph
from echo_agent.errors import InputError, SettingsError
from tests.conftest import synthetic_part
from tests.integration.test_own_parts import Colours


class Host(TypedDict, total=False):
    image: Any
    product: str
    messages: list[Any]
    verdict: Any
    customer: str


@dataclass
class Tenant:
    name: str


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    memory = Memory.open(tmp_path_factory.mktemp("strict") / "memory", encoder=Colours(), create=True)
    memory.register("plate", [synthetic_part(seed) for seed in range(12)])
    return memory


@pytest.fixture(scope="module")
def image(memory):
    return memory.store_image(synthetic_part(50))


@pytest.mark.parametrize(
    ("build", "given", "sentence"),
    [
        (build_graph, {"prodct": "plate"}, "'prodct' is no input: did you mean product?"),
        (build_graph, {"Question": "Is it ok?"}, "'Question' is no input: did you mean question?"),
        (build_graph, {"zz": 1}, "'zz' is no input: it is one of image, product, question, messages"),
        (build_chat_graph, {"mesages": []}, "'mesages' is no input: did you mean messages?"),
        (build_batch_graph, {"image": []}, "'image' is no input: did you mean images?"),
    ],
)
def test_a_misspelt_input_is_refused_with_the_right_word(memory, build, given, sentence):
    graph = build(memory=memory)
    with pytest.raises(InputError) as refused:
        graph.invoke(given)
    assert str(refused.value) == sentence
    with pytest.raises(InputError):
        asyncio.run(graph.ainvoke(given))
    assert isinstance(graph.batch([given], return_exceptions=True)[0], InputError)


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        ({"max_attempt": 1}, "'max_attempt' is no setting of Context: did you mean max_attempts?"),
        ({"max_attempts": 0}, "max_attempts cannot be 0: Input should be greater than or equal to 1"),
        ("careful", "context is str: give a Context, or a dict of its fields"),
    ],
)
def test_a_setting_that_is_none_is_refused_in_a_sentence(memory, image, context, sentence):
    with pytest.raises(SettingsError) as refused:
        build_graph(memory=memory).invoke({"image": image, "product": "plate"}, context=context)
    assert str(refused.value) == sentence


def test_settings_in_the_place_where_older_graphs_had_them_are_not_overlooked(memory, image):
    given, config = {"image": image, "product": "plate"}, {"configurable": {"max_attempts": 1}}
    with pytest.raises(SettingsError, match=r"'max_attempts' stands in configurable.*context="):
        build_graph(memory=memory).invoke(given, config)
    assert build_graph(memory=memory).invoke(given, config, context=Context())["verdict"].label == "normal"


@pytest.mark.parametrize(
    "question", [{"txt": "Is it ok?"}, {"text": "Is it ok?", "options": ["yes", "no"]}, 5]
)
def test_a_question_of_another_form_is_refused_in_a_sentence(memory, image, question):
    with pytest.raises(InputError, match=r"^question is .*: give it as text"):
        build_graph(memory=memory).invoke({"image": image, "product": "plate", "question": question})


def test_a_whole_state_is_an_input(memory, image):
    given = State(image=image, product="plate").model_dump()
    assert build_graph(memory=memory).invoke(given, context={"max_attempts": 1})["verdict"].label == "normal"


def test_a_thread_is_changed_by_the_names_of_its_state_alone(memory, image):
    graph = build_graph(InMemorySaver(), memory=memory)
    thread = {"configurable": {"thread_id": "1"}}
    graph.invoke({"image": image, "product": "plate"}, thread)
    with pytest.raises(
        InputError, match="'escalation_levl' is not in the state: did you mean escalation_level"
    ):
        graph.update_state(thread, {"escalation_levl": 1})
    decided = [past for past in graph.get_state_history(thread) if past.next == ("decision_maker",)][-1]
    fork = graph.update_state(decided.config, {"escalation_level": 1})
    assert graph.invoke(None, fork)["verdict"].label == "normal"


def test_an_empty_answer_to_a_person_s_question_is_refused_in_a_sentence(memory):
    with pytest.raises(InputError, match="answers nothing"):
        build_graph(InMemorySaver(), memory=memory).invoke(
            Command(resume=None), {"configurable": {"thread_id": "1"}}
        )


@pytest.mark.parametrize("build", [build_graph, build_chat_graph])
def test_within_a_host_its_state_and_its_context_are_its_own(memory, image, build):
    host = StateGraph(Host, context_schema=Tenant)
    host.add_node("echo", build(memory=memory))
    host.add_edge(START, "echo")
    photograph = {"type": "image", "url": f"echo-image:{memory.keep(image).sha256}"}
    given = {"messages": [{"role": "user", "content": [photograph]}], "product": "plate", "customer": "Anna"}
    found = host.compile().invoke(given, context=Tenant("north"))
    assert (found["verdict"].label, found["customer"]) == ("normal", "Anna")
