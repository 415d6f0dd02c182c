"""Any LangChain chat model as Decision Maker: an object, provider:model, or a loaded transformers model."""

import pytest
from langchain_core.language_models import FakeListChatModel
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import Field

from echo_agent import Context, Inspector, build_chat_graph
from echo_agent.errors import ModelError
from echo_agent.mllm.catalog import status
from echo_agent.settings import process_settings
from tests.conftest import synthetic_part
from tests.served_stand_in import FakeServer

GOOD, SCRATCHED = synthetic_part(50), synthetic_part(99, defect=True)
ONCE = Context(max_attempts=1, calibrate_on_references=False)


class Choosing(FakeListChatModel):
    """A fake chat model that reads the options and takes the one that names a word; it keeps what it was shown."""

    word: str = "defective"
    responses: list[str] = Field(default_factory=lambda: ["{}"])
    shown: list = Field(default_factory=list)

    def _call(self, messages, stop=None, run_manager=None, **kwargs):
        self.shown.append(messages)
        end = messages[-1].content
        text = end if isinstance(end, str) else end[-1]["text"]
        options = [line for line in text.split("\n") if line[1:3] == ". "]
        return next((line[0] for line in options if f'"{self.word}' in line), self.responses[0])


class Torn(Choosing):
    """One that calls a part defective, and fine where it is asked in other words."""

    def _call(self, messages, stop=None, run_manager=None, **kwargs):
        self.word = "It is fine" if "It is fine" in str(messages[-1].content) else "defective"
        return super()._call(messages, stop, run_manager, **kwargs)


class Failing(FakeListChatModel):
    responses: list[str] = Field(default_factory=lambda: [""])

    def _call(self, messages, stop=None, run_manager=None, **kwargs):
        raise ConnectionError("the line is down")


@pytest.fixture(scope="module")
def memory(tmp_path_factory, good_parts):
    opened = Inspector.open(tmp_path_factory.mktemp("chat-models") / "memory")
    opened.register("plate", good_parts)
    return opened.memory


def test_a_chat_model_object_decides_by_its_votes_and_is_shown_the_photographs(memory):
    model = Choosing(shown=[])
    verdict = Inspector(memory, decider=model, context=ONCE).inspect(SCRATCHED, product="plate")
    assert verdict.label == "defective"
    assert (verdict.decided_by.name, verdict.decided_by.model) == ("mllm", "Choosing")
    assert verdict.attempts[0].probabilities["defective"] > 0.5
    blocks = [
        block for message in model.shown[0] if isinstance(message.content, list) for block in message.content
    ]
    assert any(block.get("image_url", {}).get("url", "").startswith("data:image/") for block in blocks)


def test_the_two_rules_hold_for_it(memory):
    passing = Inspector(memory, decider=Choosing(word="normal", shown=[]), context=ONCE)
    assert passing.inspect(SCRATCHED, product="plate").label == "review"
    mumbling = Inspector(memory, decider=FakeListChatModel(responses=["Well, hard to say."]), context=ONCE)
    verdict = mumbling.inspect(GOOD, product="plate")
    assert verdict.label == "review"
    assert "none of A, B" in verdict.attempts[0].error


def test_one_that_fails_is_review_with_its_error(memory):
    verdict = Inspector(memory, decider=Failing(), context=ONCE).inspect(GOOD, product="plate")
    assert verdict.label == "review"
    assert "ConnectionError" in verdict.attempts[0].error
    assert "the line is down" in verdict.reasons[0].text


def test_it_answers_in_a_conversation(memory):
    model = FakeListChatModel(responses=["It looks worn at the top [R1]."])
    chat = build_chat_graph(InMemorySaver(), memory=memory, decider=model)
    thread = {"configurable": {"thread_id": "1"}}
    stored = memory.keep(memory.store_image(SCRATCHED))
    block = {"type": "image", "url": f"echo-image:{stored.sha256}"}
    chat.invoke(
        {"messages": [{"role": "user", "content": [block]}], "product": "plate"}, thread, context=ONCE
    )
    asked = {"messages": [{"role": "user", "content": "What does it look like?"}]}
    assert "worn at the top" in chat.invoke(asked, thread, context=ONCE)["messages"][-1].text


def test_provider_and_model_are_opened_by_langchain(memory, monkeypatch):
    pytest.importorskip("langchain_openai")
    server = FakeServer()
    try:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        context = ONCE.model_copy(update={"mllm": "openai:stand-in"})
        verdict = Inspector(memory, context=context).inspect(SCRATCHED, product="plate")
    finally:
        server.close()
    assert verdict.label == "defective"
    assert verdict.decided_by.model == "stand-in"
    assert server.requests[0]["model"] == "stand-in"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fireworks:some-model", "pip install langchain-fireworks"),
        ("nobody:some-model", "cannot be opened as a chat model"),
    ],
)
def test_a_provider_that_is_not_there_is_one_sentence(memory, name, words):
    with pytest.raises(ModelError, match=words) as told:
        Inspector(memory, context=ONCE.model_copy(update={"mllm": name})).inspect(GOOD, product="plate")
    assert "\n" not in str(told.value)
    listed = status(name, process_settings())
    assert (listed.kind, listed.ready) == ("chat", False)
    assert words in listed.remedies[0]


def test_a_loaded_model_with_its_processor_decides_as_its_folder_does(memory, checkpoint_folder):
    from transformers import AutoModelForImageTextToText, AutoProcessor

    folder = str(checkpoint_folder("llava"))
    model = AutoModelForImageTextToText.from_pretrained(folder)
    processor = AutoProcessor.from_pretrained(folder)
    loaded = Inspector(memory, decider=(model, processor), context=ONCE).inspect(GOOD, product="plate")
    named = Inspector(memory, context=ONCE.model_copy(update={"mllm": folder})).inspect(GOOD, product="plate")
    assert loaded.attempts[0].probabilities == pytest.approx(named.attempts[0].probabilities, abs=1e-5)
    assert (loaded.decided_by.model, loaded.decided_by.revision) == (folder, "loaded")
    with pytest.raises(ModelError, match="AutoProcessor"):
        Inspector(memory, decider=(processor, model))


@pytest.mark.parametrize("said", ["A or B", "A/B", "A) would be normal, but it is B)", "B, A"])
def test_an_answer_that_names_several_options_is_none(memory, said):
    verdict = Inspector(memory, decider=FakeListChatModel(responses=[said]), context=ONCE).inspect(
        GOOD, product="plate"
    )
    assert verdict.label == "review"
    assert "none of A, B" in verdict.attempts[0].error


@pytest.mark.parametrize(
    "said", ["A", "**A**", "(A)", "A) It looks as A should", "A. A scratch is not there"]
)
def test_a_label_with_words_around_it_is_a_choice(memory, said):
    model = FakeListChatModel(responses=[said])
    verdict = Inspector(memory, decider=model, context=ONCE).inspect(GOOD, product="plate")
    assert verdict.attempts[0].error is None


def test_a_model_s_choice_is_held_against_the_verdict(memory):
    asked = "Is it ok? A) normal B) not ok"
    passing = Inspector(memory, decider=Choosing(word="normal", responses=["A"], shown=[]), context=ONCE)
    verdict = passing.inspect(SCRATCHED, product="plate", question=asked)
    assert (verdict.label, verdict.answer.letter) == ("review", "A")
    assert verdict.answer.text.endswith("which is not enough to decide: a person should look.")
    torn = Inspector(memory, decider=Torn(shown=[]), context=ONCE)
    verdict = torn.inspect(SCRATCHED, product="plate", question="Is it ok? A) It is fine B) not ok")
    assert (verdict.label, verdict.answer.letter) == ("defective", "A")
    assert "That is the model's word alone; by the verdict it is B) not ok" in verdict.answer.text


def test_a_tie_of_a_model_s_choice_is_a_guess(memory):
    always_first = Inspector(memory, decider=FakeListChatModel(responses=["A"]), context=ONCE)
    answer = always_first.inspect(GOOD, product="plate", question="Is it ok? A) Yes B) No").answer
    assert answer.guess
    assert "which is a guess: the model finds others as likely" in answer.text


def test_one_that_fails_in_a_conversation_is_told_in_words_and_the_thread_goes_on(memory):
    chat = build_chat_graph(InMemorySaver(), memory=memory, decider=Failing())
    thread = {"configurable": {"thread_id": "failing"}}
    photograph = {"type": "image", "url": f"echo-image:{memory.store_image(GOOD).sha256}"}
    turns = [[photograph, {"type": "text", "text": "What is it?"}], "And why?"]
    for content in turns:
        asked = {"messages": [{"role": "user", "content": content}], "product": "plate"}
        said = chat.invoke(asked, thread, context=ONCE)["messages"][-1].text
        assert said == "Failing failed (ConnectionError): the line is down."
