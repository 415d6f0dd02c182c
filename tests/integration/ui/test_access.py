"""The page over real HTTP, asked by those who forge: nothing beyond a session's own uploads is opened."""

import json
import os
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager

import httpx
import pytest

from benchmarks.ports import free_port
from echo_agent.inspector import Inspector
from echo_agent.memory.memory import Memory
from tests.conftest import synthetic_part

pytest.importorskip("gradio")


@pytest.fixture(scope="module")
def served(tmp_path_factory, good_parts):
    """A page with the product ``plate``; gives its address, and a photograph elsewhere on its disk."""
    folder = tmp_path_factory.mktemp("page")
    secret = folder / "secret.png"
    synthetic_part(77, defect=True).save(secret)
    Inspector(Memory.open(folder / "memory", create=True)).register("plate", good_parts)
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "echo_agent.cli.app",
        "ui",
        "--no-browser",
        "--memory",
        folder / "memory",
    ]
    log = folder / "page.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            stdout=stream,
            stderr=stream,
            env={**os.environ, "ECHO_UI_PASSWORD": "right"},
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1200):
            assert process.poll() is None, log.read_text()[-2000:]
            try:
                httpx.get(address, timeout=5)
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        yield address, secret
    finally:
        process.terminate()
        process.wait(timeout=120)


@contextmanager
def entered(address):
    with httpx.Client(base_url=address, timeout=120) as browser:
        browser.get("/")
        assert browser.post("/login", data={"username": "echo", "password": "right"}).status_code == 200
        yield browser


def upload(browser, file):
    (path,) = browser.post("/gradio_api/upload", files={"files": file.read_bytes()}).json()
    return path


def told(browser, handler, data):
    """Asks one of the page's handlers as its script would; gives the status, and all that came of it."""
    config = browser.get("/config").json()
    (fn,) = [one for one in config["dependencies"] if one["api_name"] == handler]
    session = {"session_hash": uuid.uuid4().hex}  # of one that was left the server forgets what is asked
    given = {"data": data, "fn_index": fn["id"], **session}
    joined = browser.post("/gradio_api/queue/join", json=given)
    if joined.status_code != 200:
        return joined.status_code, joined.text
    heard = []
    with browser.stream("GET", "/gradio_api/queue/data", params=session) as events:
        for line in events.iter_lines():
            if line.startswith("data:"):
                heard.append(json.loads(line.removeprefix("data:")))
                if heard[-1]["msg"] == "process_completed":
                    return 200, heard
    raise AssertionError("the page said nothing")


def inspected(browser, path):
    file = {"path": str(path), "meta": {"_type": "gradio.FileData"}}
    status, heard = told(browser, "_inspect", [None, file, "find out", 0.8])
    return status, heard if status != 200 else heard[-1]


def test_a_question_is_shown_before_its_answer_and_the_next_may_be_typed_meanwhile(served):
    with entered(served[0]) as browser:
        _, heard = told(browser, "_ask", [None, "What is <b>this</b>?", "find out", []])
    first = next(one["output"]["data"] for one in heard if one["msg"] == "process_generating")
    assert first[1][0]["content"][0]["text"] == "What is &lt;b&gt;this&lt;/b&gt;?"
    assert first[2] == ""
    assert heard[-1]["output"]["data"][2] == {"__type__": "update"}, "what is typed meanwhile would be wiped"


def test_a_forged_payload_opens_no_other_file_of_the_machine(served, scratched_part):
    address, secret = served
    with entered(address) as owner, entered(address) as other:
        own = upload(owner, scratched_part)
        for path in (
            secret,
            "/etc/hostname",
            f"{own}/../../../{secret}",
            f"file://{secret}",
            "http://127.0.0.1/x.png",
        ):
            status, refused = inspected(owner, path)
            assert (status, "was not uploaded in this session" in refused) == (403, True), path
        assert inspected(other, own)[0] == 403
        status, seen = inspected(owner, own)
        assert status == 200
        assert seen["success"], seen
        assert "defective" in json.dumps(seen)


HOSTILE = (
    None,
    float("nan"),
    -1,
    1e9,
    True,
    "",
    "x" * 100_000,
    "plate",
    [],
    [[]],
    {},
    {"path": "/etc/hostname"},
    {"index": ["a", None]},
)
"""What a forger sends in place of what a widget gives."""


def test_no_handler_breaks_on_what_no_widget_sends(served, scratched_part):
    address, _ = served
    with entered(address) as browser:
        handlers = [one for one in browser.get("/config").json()["dependencies"] if one["backend_fn"]]
        assert {"_try", "keep", "_add", "_remove", "_inspect"} <= {one["api_name"] for one in handlers}
        session = {"session_hash": "forged"}
        sent = 0
        for handler in handlers:
            for value in HOSTILE:
                data = [value] * len(handler["inputs"])
                joined = browser.post(
                    "/gradio_api/queue/join",
                    content=json.dumps({"data": data, "fn_index": handler["id"], **session}),
                    headers={"Content-Type": "application/json"},
                )
                assert joined.status_code in {200, 400, 403, 422}, (handler["api_name"], value)
                sent += joined.status_code == 200
        with browser.stream("GET", "/gradio_api/queue/data", params=session) as events:
            for line in events.iter_lines():
                sent -= "process_completed" in line
                if not sent:
                    break
    left = Inspector(Memory.open(served[1].parent / "memory"))
    assert left.inspect(scratched_part, product="plate").label == "defective"
    log = (served[1].parent / "page.log").read_text()
    assert "/echo_agent/" not in log, log[-4000:]


def test_another_host_and_another_origin_are_not_served(served):
    address, _ = served
    assert httpx.get(address, headers={"Host": "evil.example"}, timeout=60).status_code == 421
    with entered(address) as browser:
        forged = browser.post(
            "/gradio_api/queue/join", json={"data": []}, headers={"Origin": "https://evil.example"}
        )
        assert forged.status_code == 403


def test_wrong_passwords_slow_down_and_all_cookies_are_strict(served):
    address, _ = served
    with entered(address) as browser:
        answer = browser.post("/login", data={"username": "echo", "password": "right"})
        cookies = answer.headers.get_list("set-cookie")
        assert cookies
        assert all("SameSite=Strict" in cookie and "HttpOnly" in cookie for cookie in cookies)
    start = time.perf_counter()
    wrong = [
        httpx.post(
            f"{address}/login", data={"username": "echo", "password": str(number)}, timeout=60
        ).status_code
        for number in range(25)
    ]
    assert wrong[:5] == [400] * 5
    assert wrong.count(400) <= 6 + time.perf_counter() - start
