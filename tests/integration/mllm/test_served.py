"""A served model, over real HTTP, against a server of the test's own that speaks the protocol."""

import json

import pytest
from langchain_core.messages import HumanMessage

from echo_agent.errors import AnswerError, ModelError, ModelTimeoutError
from echo_agent.mllm.case import Case
from echo_agent.mllm.decider import MllmDecider
from echo_agent.mllm.served import ServedModel
from echo_agent.state import ImageRef
from tests.served_stand_in import FakeServer


@pytest.fixture
def server():
    fake = FakeServer()
    yield fake
    fake.close()


@pytest.fixture
def case(pictures):
    return Case(image=ImageRef(uri=pictures[0], sha256="0" * 64, width=140, height=180))


def served(server, timeout=60.0):
    model = ServedModel(server.url, "served-model", timeout=timeout, api_key="none", max_pixels=10_000)
    return MllmDecider(model, model.write)


def test_choices_come_from_log_probabilities(server, case):
    decision = served(server).decide(case)
    assert decision.defective == pytest.approx(0.9)
    assert (decision.input_tokens, decision.output_tokens) == (80, 2)
    assert decision.decided_by.model == "served-model"
    assert server.url in decision.decided_by.revision
    assert len(server.requests) == 2
    assert all(request["logprobs"] for request in server.requests)


def test_images_travel_as_data(server, case):
    served(server).decide(case)
    content = server.requests[0]["messages"][-1]["content"]
    urls = [block["image_url"]["url"] for block in content if block["type"] == "image_url"]
    assert len(urls) == 1
    assert urls[0].startswith("data:image/png;base64,")
    assert case.image.uri not in json.dumps(server.requests)


@pytest.mark.parametrize("refuses", [True, False])
def test_a_server_without_log_probabilities_is_asked_for_structured_output(server, case, refuses):
    server.logprobs, server.refuses_logprobs = None, refuses
    decider = served(server)
    decision = decider.decide(case)
    assert decision.defective == pytest.approx(3 / 4)
    asked = len(server.requests)
    decider.decide(case)
    assert all("response_format" in request for request in server.requests[asked:])


@pytest.mark.parametrize("content", ["the part is fine", '{"choice": "Z"}', '{"answer": "A"}', "[]"])
def test_an_answer_that_is_no_choice_is_refused(server, case, content):
    server.logprobs, server.content = None, content
    with pytest.raises(AnswerError):
        served(server).decide(case)


def test_a_passing_fault_of_the_server_is_retried(server, case):
    server.statuses = [500, 503]
    assert served(server).decide(case).defective == pytest.approx(0.9)


def test_a_lasting_fault_of_the_server_is_told(server, case):
    server.statuses = [500] * 12
    with pytest.raises(ModelError, match="failed 3 times"):
        served(server).decide(case)


@pytest.mark.parametrize(
    ("status", "says"),
    [(400, "refuses the request"), (401, "ECHO_MLLM_API_KEY"), (404, "does not serve 'served-model'")],
)
def test_a_refusal_names_the_remedy_and_is_not_retried(server, case, status, says):
    server.statuses = [status] * 4
    with pytest.raises(ModelError, match=says):
        served(server).decide(case)
    assert len(server.requests) <= 2


def test_a_server_that_does_not_answer_in_time_is_told(server, case):
    server.holds = True
    with pytest.raises(ModelTimeoutError, match="ECHO_MLLM_TIMEOUT"):
        served(server, timeout=0.1).decide(case)


def test_a_server_that_is_not_there_is_told():
    model = ServedModel("http://127.0.0.1:9/v1", "m", timeout=60, api_key="none", max_pixels=10_000)
    with pytest.raises(ModelError, match="start the server"):
        model.write([HumanMessage("hello")])


def test_words_are_written_by_the_server(server):
    server.content = "A scratch."
    model = ServedModel(server.url, "served-model", timeout=60, api_key="none", max_pixels=10_000)
    answer = model.write([HumanMessage("What is it?")])
    assert answer.text == "A scratch."
    assert answer.usage_metadata["output_tokens"] == 1
