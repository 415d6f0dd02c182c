"""Answers of a served model that are none: each is told with its cause, within the time, over real HTTP."""

import gzip
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from langchain_core.messages import HumanMessage

from echo_agent.errors import ModelTimeoutError, NoAnswerError
from echo_agent.mllm.case import Case
from echo_agent.mllm.decider import MllmDecider
from echo_agent.mllm.served import ServedModel
from echo_agent.mllm.served_chat import ServedChat
from echo_agent.state import ImageRef

TIMEOUT = 0.6
SLACK = 20.0
"""What a busy machine may add: the faults below last for ever, or half a minute, where nothing ends them."""


def answer(content="A", logprobs=None, **more):
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    if logprobs is not None:
        choice["logprobs"] = logprobs
    return {"id": "1", "choices": [choice], **more}


def likely(*entries):
    return {"content": [{"token": "A", "logprob": -0.1, "top_logprobs": list(entries)}]}


def entry(token="A", logprob=-0.1):
    return {"token": token, "logprob": logprob}


SHAPES = {
    "nothing": b"",
    "no JSON": b"<html>busy</html>",
    "no UTF-8": b'{"choices": "\xff\xfe"}',
    "cut off": json.dumps(answer()).encode()[:-9],
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "a text": b'"A"',
    "no choices": {"id": "1"},
    "null choices": {"choices": None},
    "empty choices": {"choices": []},
    "choices that are a text": {"choices": "A"},
    "choices that are an object": {"choices": {"message": {"content": "A"}}},
    "a choice that is null": {"choices": [None]},
    "a choice that is a text": {"choices": ["A"]},
    "no message": {"choices": [{}]},
    "a null message": {"choices": [{"message": None}]},
    "a message that is a text": {"choices": [{"message": "A"}]},
    "content that is a number": answer(content=7),
    "content that is a list": answer(content=[{"type": "text", "text": "A"}]),
    "null content": answer(content=None),
    "a log-probability that is a text": answer(logprobs=likely(entry(logprob="-0.1"))),
    "a log-probability that is null": answer(logprobs=likely(entry(logprob=None))),
    "a log-probability of 1e308": answer(logprobs=likely(entry(logprob=1e308))),
    "a log-probability above 0": answer(logprobs=likely(entry(logprob=3.0))),
    "a log-probability that is NaN": answer(logprobs=likely(entry(logprob=float("nan")))),
    "a log-probability that is infinite": answer(logprobs=likely(entry(logprob=float("inf")))),
    "a log-probability that is true": answer(logprobs=likely(entry(logprob=True))),
    "a token that is a number": answer(logprobs=likely(entry(token=1))),
    "a token with half a character": json.dumps(answer(logprobs=likely(entry(token="\ud800")))).encode(),
    "log-probabilities that are a text": answer(logprobs="A"),
    "log-probabilities that are a list": answer(logprobs=[entry()]),
    "half a character in the text": json.dumps(answer(content="\udfff")).encode(),
    "a number of five thousand digits": b'{"choices": ' + b"9" * 5000 + b"}",
    "a hundred thousand brackets": b'{"choices": ' + b"[" * 100_000,
    "brackets in the vote": answer(content='{"choice": ' + "[" * 50_000),
    "a vote for nothing": answer(content='{"choice": "Z"}'),
    "a vote that is a list": answer(content='{"choice": ["A"]}'),
    "more choices than asked": {"choices": answer()["choices"] * 1000},
    "a negative count of tokens": answer(logprobs=likely(entry()), usage={"prompt_tokens": -1}),
}


class Server:
    """A server on this machine that answers each request as a test says, and keeps what it was sent."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.behave = lambda handler: self.say(handler, b"{}")
        self.closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer.paths.append(self.path)
                outer.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                try:
                    outer.behave(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/v1"

    @staticmethod
    def say(handler, data, status=200, **headers):
        data = data if isinstance(data, bytes) else json.dumps(data).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    def close(self) -> None:
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


@pytest.fixture
def case(pictures):
    return Case(image=ImageRef(uri=pictures[0], sha256="0" * 64, width=140, height=180))


def model_of(server, timeout=60.0):
    return ServedModel(server.url, "served", timeout=timeout, api_key="secret", max_pixels=10_000)


def refused(server, case, timeout=60.0):
    """Lets a model decide, and returns the error that makes it ``review``."""
    model = model_of(server, timeout)
    started = time.monotonic()
    with pytest.raises(NoAnswerError) as told:
        MllmDecider(model, model.write).decide(case)
    assert time.monotonic() - started < timeout + SLACK
    assert "secret" not in str(told.value)
    assert len(str(told.value)) < 600
    return told.value


@pytest.mark.parametrize("shape", SHAPES)
def test_an_answer_of_another_shape_is_told(shape, server, case):
    server.behave = lambda handler: server.say(handler, SHAPES[shape])
    assert "served" in str(refused(server, case))


def head(handler, **headers):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def silent(server, handler):
    server.closing.wait(30)


def drips(server, handler):
    head(handler, Content_Length="1000000")
    while not server.closing.wait(0.05):
        handler.wfile.write(b" ")


def drips_its_head(server, handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not server.closing.wait(0.05):
        handler.wfile.write(b"a")


def waits_after_its_head(server, handler):
    head(handler, Content_Length="100")
    server.closing.wait(30)


@pytest.mark.parametrize("behaviour", [silent, drips, drips_its_head, waits_after_its_head])
def test_a_server_that_does_not_come_to_an_end_is_left_in_time(behaviour, server, case):
    server.behave = lambda handler: behaviour(server, handler)
    assert isinstance(refused(server, case, TIMEOUT), ModelTimeoutError)


def test_an_endless_answer_is_left_at_its_bound(server, case):
    def endless(handler):
        head(handler)
        handler.close_connection = True
        while not server.closing.is_set():
            handler.wfile.write(b" " * 65_536)

    server.behave = endless
    assert "MiB" in str(refused(server, case))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_compressed_answer_is_not_unpacked(encoding, server, case):
    bomb = gzip.compress(b" " * 50_000_000)
    server.behave = lambda handler: server.say(handler, bomb, Content_Encoding=encoding)
    assert "compressed" in str(refused(server, case))


def test_a_server_that_breaks_off_is_told(server, case):
    def breaks_off(handler):
        head(handler, Content_Length="1000")
        handler.wfile.write(b'{"choices"')
        handler.close_connection = True

    server.behave = breaks_off
    assert "broke off" in str(refused(server, case))


def test_tries_after_faults_are_within_the_one_time(server, case):
    server.behave = lambda handler: (time.sleep(0.25), server.say(handler, b"{}", status=503))
    assert isinstance(refused(server, case, TIMEOUT), ModelTimeoutError)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_does_not_get_the_photograph(status, server, case):
    other = Server()
    try:
        server.behave = lambda handler: server.say(handler, b"", status=status, Location=f"{other.url}/take")
        assert "leads elsewhere" in str(refused(server, case))
        assert other.bodies == []
    finally:
        other.close()


def test_a_bad_answer_costs_no_other_part_its_verdict(server, pictures):
    good = answer(logprobs=likely(entry("A", -0.1), entry("B", -2.4)))
    server.behave = lambda handler: server.say(handler, {"choices": None} if len(server.bodies) < 3 else good)
    model = model_of(server)
    decider = MllmDecider(model, model.write)
    first, second = (Case(image=ImageRef(uri=p, sha256="0" * 64, width=140, height=180)) for p in pictures)
    with pytest.raises(NoAnswerError):
        decider.decide(first)
    assert decider.decide(second).defective == pytest.approx(0.5, abs=1e-6)


def test_all_wordings_of_a_case_are_asked_at_the_same_time_and_an_image_is_encoded_once(
    server, case, monkeypatch
):
    import echo_agent.mllm.served_chat as place

    under_way, most, encoded = [], [], []
    plain = place.as_data_url
    monkeypatch.setattr(place, "as_data_url", lambda image: (encoded.append(1), plain(image))[1])
    gate = threading.Barrier(4)

    def all_at_once(handler):
        under_way.append(1)
        gate.wait(30)
        most.append(len(under_way))
        server.say(handler, answer(logprobs=likely(*(entry(label, -2.0) for label in "AB12"))))

    server.behave = all_at_once
    MllmDecider(model_of(server), model_of(server).write).decide(case.model_copy(update={"orders": 4}))
    assert max(most) == 4
    assert len(encoded) == 1


def stream_of(server, *lines):
    def behave(handler):
        head(handler)
        for line in lines:
            handler.wfile.write(line)
            handler.wfile.flush()
        handler.close_connection = True

    server.behave = behave
    return model_of(server).chat


def piece(text):
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"


def test_a_conversation_streams_the_words_of_a_server(server):
    usage = b'data: {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}\n\n'
    chat = stream_of(server, piece("A "), piece("scratch."), usage, b"data: [DONE]\n\n")
    chunks = list(chat.stream([HumanMessage("What is it?")]))
    assert [str(chunk.content) for chunk in chunks if chunk.content] == ["A ", "scratch."]
    assert sum((c.usage_metadata["output_tokens"] for c in chunks if c.usage_metadata), 0) == 2


@pytest.mark.parametrize("line", [b"data: {\n\n", b'data: {"choices": [{"delta": {"content": 7}}]}\n\n'])
def test_a_stream_that_cannot_be_read_is_told(line, server):
    with pytest.raises(NoAnswerError):
        list(stream_of(server, piece("A "), line).stream([HumanMessage("What is it?")]))


def test_a_stream_that_does_not_end_is_left_in_time_and_a_reader_may_leave_before(server):
    def endless(handler):
        head(handler)
        while not server.closing.wait(0.05):
            handler.wfile.write(piece("on "))

    server.behave = endless
    chat = model_of(server, TIMEOUT).chat
    assert isinstance(chat, ServedChat)
    started = time.monotonic()
    with pytest.raises(ModelTimeoutError):
        list(chat.stream([HumanMessage("go")]))
    left = model_of(server).chat.stream([HumanMessage("go")])
    next(left)
    left.close()
    assert time.monotonic() - started < TIMEOUT + SLACK
