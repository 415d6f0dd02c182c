"""What a language model says in a conversation: streamed token by token, and held to the evidence."""

import re

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langgraph.checkpoint.memory import InMemorySaver

from echo_agent.chat.graph import build_chat_graph
from echo_agent.chat.session import Conversation
from echo_agent.context import Context
from tests.conftest import synthetic_part
from tests.integration.chat.parts import spotted_part
from tests.scripted_mllm import fake_decider


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """Folder of a tiny image-text checkpoint."""
    from tests.tiny_checkpoints import qwen3_vl, speaks_in_words

    return str(speaks_in_words(qwen3_vl(tmp_path_factory.mktemp("qwen3_vl"))))


@pytest.fixture
def says(monkeypatch):
    """Lets the conversation's model say a text, in tokens of one character."""

    def scripted(*texts):
        model = FakeListChatModel(responses=list(texts))
        monkeypatch.setattr("echo_agent.resources.open_chat", lambda *_: model)

    return scripted


@pytest.fixture
def conversation(plate_inspector):
    """A conversation about a defective plate that was inspected by what was measured."""
    talk = Conversation(plate_inspector.memory, InMemorySaver(), thread="m", product="plate")
    talk.say("", talk.store_image(spotted_part()))
    return talk


def test_a_local_model_streams_its_tokens_into_one_message(plate_inspector, tiny_model):
    chat = build_chat_graph(InMemorySaver())
    config = {"configurable": {"thread_id": "stream"}}
    memory = str(plate_inspector.memory.folder)
    image = plate_inspector.memory.store_image(synthetic_part(3))
    block = {"type": "image", "url": f"echo-image:{image.sha256}"}
    first = {"messages": [{"role": "user", "content": [block]}], "product": "plate"}
    chat.invoke(first, config, context=Context(memory=memory))
    question = {"messages": [{"role": "user", "content": "Where is the defect?"}]}
    events = list(
        chat.stream(question, config, context=Context(memory=memory, mllm=tiny_model), stream_mode="messages")
    )
    tokens = [
        message for message, told in events
        if isinstance(message, AIMessageChunk) and told["langgraph_node"] == "answer"
    ]  # fmt: skip
    last = chat.get_state(config).values["messages"][-1]
    assert len([token for token in tokens if token.content]) > 3
    assert {token.id for token in tokens} == {last.id}
    assert last.text.startswith("".join(str(token.content) for token in tokens))
    assert not [message for message, _ in events if isinstance(message, AIMessage) and message not in tokens]


def test_the_terminals_conversation_gives_piece_by_piece_what_the_thread_keeps(conversation, says):
    says("It lies at the top [R1].")
    pieces = [piece.text for piece in conversation.stream("Where is it?") if piece.text]
    assert len(pieces) > 10
    assert "".join(pieces) == "It lies at the top [R1]." == conversation.state().messages[-1].text


def test_a_citation_that_does_not_exist_is_told(conversation, says):
    says("See [R1] and [R1, R9] and [T4].")
    answer = conversation.say("Where is it?")
    assert answer == "See [R1] and [R1, R9] and [T4]. (No evidence is called R9, T4.)"


def test_a_model_that_says_nothing_is_told_in_words(conversation, says):
    says("  ")
    assert "gave no answer" in conversation.say("Where is it?")


def test_experts_are_named_while_they_work_and_the_verdict_comes_before_the_answer(plate_inspector, says):
    talk = Conversation(plate_inspector.memory, InMemorySaver(), thread="order", product="plate")
    says("At the top [R1].")
    pieces = list(talk.stream("Where?", talk.store_image(spotted_part())))
    experts = [piece.expert for piece in pieces if piece.expert]
    assert experts[:2] == ["intake", "reference_extractor"]
    text = "".join(piece.text for piece in pieces)
    assert text.startswith("plate: defective")
    assert text.endswith("\n\nAt the top [R1].")


def test_options_are_scored_and_told_with_letter_text_and_confidence(plate_inspector):
    talk = Conversation(
        plate_inspector.memory,
        InMemorySaver(),
        thread="choice",
        product="plate",
        decider=fake_decider(0.97),
    )
    talk.say("", talk.store_image(spotted_part()))
    said = talk.say("What is the colour of the defect? A) Black B) Red C) Blue")
    assert re.fullmatch(r"A\) Black \(\d+ % sure, uncalibrated\)", said)
    assert talk.state().messages[-1].additional_kwargs["answer"]["letter"] == "A"
