"""What is asked at the moment when a browser's stream of answers ends."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from echo_agent.ui.streams import Streams
from tests.integration.chat.parts import spotted_part
from tests.integration.ui.steps import good_parts_in, in_conversation, inspect, register, slow_line

gradio = pytest.importorskip("gradio")


def asked(path, body=None, query=""):
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET" if body is None else "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"testserver"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
    }


class Browser:
    """One tab, as Gradio's script: it hangs up when it is told that the stream ends, and opens another when it asks."""

    def __init__(self, app, *, heard):
        self.app, self.heard = app, heard
        self.told = []

    async def ask(self, word):
        body = json.dumps({"data": [word], "fn_index": 0, "session_hash": "tab"}).encode()

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            if message["type"] == "http.response.start":
                assert message["status"] == 200
                self.told.append(f"{word} is taken")

        await self.app(asked("/gradio_api/queue/join", body), receive, send)

    async def listen(self, while_it_ends=None):
        """Until the stream ends; what is asked while it does is asked before the browser hangs up."""
        hangs_up = asyncio.Event()
        first = [{"type": "http.request", "body": b"", "more_body": False}]
        asking = []

        async def receive():
            if first:
                return first.pop()
            await hangs_up.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            for line in message.get("body", b"").decode().splitlines():
                event = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                if event.get("msg") == "process_completed":
                    self.told.extend(event["output"]["data"])
                if event.get("msg") == "close_stream" and while_it_ends is not None:
                    asking.append(asyncio.create_task(self.ask(while_it_ends)))
                    await asyncio.sleep(0.1)
                    if self.heard:
                        self.told.append("the stream ends")
                        hangs_up.set()
                    await asyncio.sleep(0.1)  # a busy server

        await self.app(asked("/gradio_api/queue/data", query="session_hash=tab"), receive, send)
        await asyncio.gather(*asking)


@pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated")  # Gradio's use of pandas
@pytest.mark.parametrize(
    "heard", [True, False], ids=["a browser that hangs up", "a proxy that does not tell"]
)
def test_what_is_asked_while_a_stream_ends_is_answered_on_the_next(heard):
    ends = ["the stream ends"] if heard else []
    told = ["one is taken", "one is answered", *ends, "two is taken", "two is answered"]
    with ThreadPoolExecutor(1) as apart:  # another test's browser may have its loop in this thread
        assert apart.submit(lambda: asyncio.run(conversation(heard))).result() == told


async def conversation(heard):
    from fastapi import FastAPI
    from starlette.middleware import Middleware

    with gradio.Blocks(analytics_enabled=False) as page:
        word = gradio.Textbox()
        word.submit(lambda said: f"{said} is answered", word, word)
    app = gradio.mount_gradio_app(FastAPI(), page, "", app_kwargs={"middleware": [Middleware(Streams)]})
    async with app.router.lifespan_context(app):
        tab = Browser(app, heard=heard)
        await tab.ask("one")
        await tab.listen(while_it_ends="two")
        await asyncio.wait_for(tab.listen(), 30)
    return tab.told


BUSY = """() => {
    const [timer, fetched] = [window.setTimeout, window.fetch];
    window.setTimeout = (work, wait, ...given) => timer(work, given[0]?.msg ? 3000 : wait, ...given);
    window.fetch = async (...asked) => {
        const answer = await fetched(...asked);
        if (String(asked[1]?.body).includes("How big is it?")) await new Promise(done => timer(done, 2000));
        return answer;
    };
}"""
"""A browser that comes late to what it was told, and to that the second question is taken later than to its answer."""


@pytest.mark.slow
def test_two_quick_questions_are_both_answered_in_a_busy_browser(open_page, tmp_path):
    part = tmp_path / "part.png"
    spotted_part().save(part)
    with open_page() as page:
        register(page, "plate", good_parts_in(tmp_path, 3))
        inspect(page, part)
        page.evaluate(BUSY)
        with slow_line(page, "**/queue/data**"):
            for question in ("Where is it?", "How big is it?"):
                page.get_by_role("button", name=question).click()
        page.wait_for_timeout(6000)  # all that it was told late is shown
        in_conversation(page, "Where is it?", "lies at", "How big is it?", "in area")
