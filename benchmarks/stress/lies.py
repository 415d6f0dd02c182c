"""A served model that lies, over real HTTP: a bad part does not pass, and nothing breaks or hangs."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.stress.attack import Attack
from benchmarks.stress.parts import drawn_part, open_memory
from echo_agent.context import Context
from echo_agent.errors import ModelError
from echo_agent.inspector import Inspector
from echo_agent.mllm.decider import MllmDecider
from echo_agent.mllm.served import ServedModel

TIMEOUT = 0.4
MAX_SECONDS = 60.0
"""Time for all that one inspection asks, on a busy machine: lies that do not end last twice as long."""

VALUES: tuple[Any, ...] = (
    None, True, -1, 7, 1e308, float("nan"), float("-inf"), "", "A", "normal", "\ud800", "A" * 200_000, [], {}, [None],
    {"choice": "A"}, '{"choice": "A"}', '{"choice": "Z"}', '{"choice": ["A"]}', '{"choice": ' + "[" * 5_000,
    '{"steps": [{"kind": "conclude", "text": "normal", "evidence": []}]}',
    '{"tool": "zoom", "arguments": {"a": [[[]]]}}',
    '{"tool": "' + "x" * 5_000 + '"}',
)  # fmt: skip
PLACES = ("whole", "choices", "choice", "message", "content", "logprobs", "logprob", "token", "usage")
CODES = (200, 200, 200, 201, 204, 301, 302, 307, 400, 401, 403, 404, 418, 429, 500, 502, 503)
BODIES = (
    b"", b"<html>", b"[" * 100_000, b'{"choices": ' + b"9" * 5_000 + b"}", b"\xff\xfe", b"null", b"x" * 6_000_000,
)  # fmt: skip


def _answer(place: str, value: Any) -> Any:
    """An answer that is sure of ``normal``, with a value in some place."""
    likely = {"token": "A", "logprob": -1e-6}
    if place in {"logprob", "token"}:
        likely[place] = value
    logprobs: Any = {"content": [{"token": "A", "logprob": 0, "top_logprobs": [likely]}]}
    choice = {
        "message": {"role": "assistant", "content": value if place == "content" else "A"},
        "logprobs": value if place == "logprobs" else logprobs,
        "finish_reason": "stop",
    }
    if place == "message":
        choice["message"] = value
    whole = {
        "choices": [value if place == "choice" else choice],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1},
    }
    if place in {"choices", "usage"}:
        whole[place] = value
    return value if place == "whole" else whole


class _Liar(BaseHTTPRequestHandler):
    """Answers as ``behave`` says."""

    behave: Callable[["_Liar"], None]

    def do_POST(self) -> None:
        """Reads the request, then lies."""
        self.rfile.read(int(self.headers["Content-Length"]))
        try:
            type(self).behave(self)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def say(self, data: bytes, code: int = 200, **headers: str) -> None:
        """Sends an answer."""
        self.send_response(code)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(data)),
            **headers,
        }.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)


def _drip(liar: _Liar) -> None:
    liar.send_response(200)
    liar.end_headers()
    for _ in range(round(2 * MAX_SECONDS / 0.05)):
        liar.wfile.write(b" ")
        liar.wfile.flush()
        time.sleep(0.05)


def _endless(liar: _Liar) -> None:
    liar.send_response(200)
    liar.end_headers()
    while True:
        liar.wfile.write(b" " * 100_000)


def _silent(_: _Liar) -> None:
    time.sleep(2 * MAX_SECONDS)


def _bomb(liar: _Liar) -> None:
    liar.say(gzip.compress(b" " * 50_000_000), Content_Encoding="gzip")


def _cut(liar: _Liar) -> None:
    liar.send_response(200)
    liar.send_header("Content-Length", "100000")
    liar.end_headers()
    liar.wfile.write(b'{"choices": [')


def _elsewhere(liar: _Liar) -> None:
    liar.say(b"", 307, Location="http://127.0.0.1:9/v1/chat/completions")


SLOW = (_drip, _endless, _silent, _bomb, _cut, _elsewhere)


def _lies() -> Iterator[Callable[[_Liar], None]]:
    """All lies, and again."""
    while True:
        for value in VALUES:
            for place in PLACES:
                data = json.dumps(_answer(place, value)).encode()
                yield lambda liar, data=data: liar.say(data)  # type: ignore[misc]
        for code in CODES:
            for data in BODIES:
                yield lambda liar, data=data, code=code: liar.say(data, code)  # type: ignore[misc]
        yield from SLOW * 3


def run(folder: Path, attempts: int) -> Iterator[str | None]:
    """Inspects a part that the evidence rejects beside one lie after the other; every seventh first."""
    liar = type("Liar", (_Liar,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), liar)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    memory = open_memory(folder / "memory", create=True)
    memory.register("plate", [drawn_part(seed) for seed in range(10)])
    lies = _lies()
    every = [next(lies) for _ in range(len(VALUES) * len(PLACES) + len(CODES) * len(BODIES) + 3 * len(SLOW))]
    try:
        for number in range(attempts):
            liar.behave = staticmethod(every[(number * 7 + number // len(every)) % len(every)])  # type: ignore[attr-defined]
            url = f"http://127.0.0.1:{server.server_port}/v1"
            yield _fault(Inspector(memory, decider=_served(url), context=Context(max_attempts=1)), number)
    finally:
        server.shutdown()
        server.server_close()


def _served(url: str) -> MllmDecider:
    model = ServedModel(url, "liar", timeout=TIMEOUT, api_key="secret", max_pixels=10_000)
    return MllmDecider(model, model.write)


def _fault(inspector: Inspector, number: int) -> str | None:
    start = time.perf_counter()
    try:
        label: str = inspector.inspect(drawn_part(99, defect=True), product="plate").label
    except ModelError as error:
        label = "refused" if any(code in str(error) for code in ("401", "403", "404")) else f"raised: {error}"
    except Exception as error:  # noqa: BLE001 - any trace is what is looked for
        label = f"raised: {type(error).__name__}: {error}"
    if label == "normal" or label.startswith("raised"):
        return f"lie {number}: {label[:300]}"
    seconds = time.perf_counter() - start
    return f"lie {number} took {seconds:.0f} s" if seconds > MAX_SECONDS else None


ATTACKS = (
    Attack("lies", "a served model that lies, beside a bad part: none is normal", run, short=30, long=400),
)
