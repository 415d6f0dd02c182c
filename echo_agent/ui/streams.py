"""What a browser asks while its stream of answers ends is answered as well.

Gradio sends all answers of a browser tab over one stream. When the last is sent it says so, the browser hangs up, and
opens another stream with its next question. A question that comes in between would be lost twice: the server takes
the hanging up for a tab that was closed and drops what it asked, and the browser hears that its question is taken
while it believes in the old stream. Pure ASGI, in front of Gradio.
"""

import asyncio
from urllib.parse import parse_qs

from echo_agent.json_text import parse_json
from echo_agent.ui.access import PREFIX, App, Message, Receive, Scope, Send

STREAM, JOIN = PREFIX + "queue/data", PREFIX + "queue/join"
LAST = b'"msg":"close_stream"'

LONGEST_END = 1.0
"""Seconds within which a browser hangs up after the last answer; behind a proxy nobody hears it."""


class Streams:
    """Middleware before the page.

    Args:
        app: What it stands before.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._ending: dict[str, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on; a stream of answers ends before its browser's next question is said to be taken."""
        path = str(scope.get("path", "")).rstrip("/")
        if path.endswith(STREAM):
            await self._stream(scope, receive, send)
        elif path.endswith(JOIN):
            await self._join(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]
        hung_up = asyncio.Event()
        ends = False

        async def hearing() -> Message:
            message = await receive()
            if ends and message["type"] == "http.disconnect":
                hung_up.set()
                await asyncio.Event().wait()  # the answer was whole: nobody left
            return message

        async def sending(message: Message) -> None:
            nonlocal ends
            if LAST not in message.get("body", b""):
                await send(message)
                return
            ends = True
            self._ending[session] = hung_up
            try:
                await send(message)
                await _within(LONGEST_END, hung_up)
            finally:
                hung_up.set()
                if self._ending.get(session) is hung_up:
                    del self._ending[session]

        await self._app(scope, hearing, sending)

    async def _join(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()

        async def reading() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def sending(message: Message) -> None:
            ending = self._ending.get(_session(bytes(body)))
            if ending is not None:
                await _within(LONGEST_END, ending)
            await send(message)

        await self._app(scope, reading, sending)


async def _within(seconds: float, event: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


def _session(body: bytes) -> str:
    try:
        asked = parse_json(body.decode())
    except ValueError:
        return ""
    return str(asked.get("session_hash")) if isinstance(asked, dict) else ""
