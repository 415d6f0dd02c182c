"""Who may speak to the page: its hosts and origins, a bounded number of passwords, and a session's own uploads.

Pure ASGI, in front of Gradio: what it refuses reaches no component.
"""

import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from cachetools import LRUCache

from echo_agent.json_text import parse_json

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "echo-session"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

MAX_BODY = 2 * 2**20
"""Largest request that is no upload, in bytes."""

MAX_SESSIONS, MAX_UPLOADS = 1000, 1000
"""Sessions whose uploads are known, and uploads of each; the oldest are forgotten."""

FREE_TRIES = 5
"""Wrong passwords of an address before it has to wait."""

MAX_WAIT = 60.0
"""Longest wait for the next password, in seconds."""

UNUSED = (
    "proxy=",
    "stream/",
    "process_recording",
    "component_server",
    "vibe-",
    "undo-vibe-",
    "dev/",
    "call/v2/",
)
"""Routes of Gradio below its prefix that the page does not use."""

PREFIX = "/gradio_api/"
UPLOAD, LOGIN = PREFIX + "upload", "/login"
POLICY = (
    b"default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; object-src 'none'; base-uri 'self'; "
    b"form-action 'self'; frame-ancestors 'self'"
)
"""What the page may load: nothing from elsewhere, whatever comes to stand on it. Gradio's own scripts are inline."""

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", POLICY),
)


class _RefusedError(Exception):
    """A request that is not let in, with status, sentence and headers."""

    def __init__(self, status: int, told: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        super().__init__(told)
        self.status = status
        self.headers = list(headers)


class Access:
    """Middleware before the page.

    Args:
        app: What it stands before.
        hosts: Names under which the page may be asked for; see ``said_hosts``.
        clock: Gives seconds; for tests.
    """

    def __init__(
        self, app: App, *, hosts: frozenset[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._uploads: LRUCache[str, LRUCache[str, bool]] = LRUCache(MAX_SESSIONS)
        self._passwords = _Passwords(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers it with what is wrong."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            if scope["type"] != "http":
                raise _RefusedError(403, "the page speaks HTTP alone")
            await self._let_in(scope, receive, _guarded(send))
        except _RefusedError as refused:
            await _answer(scope, send, refused)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        self._check_host(headers)
        path, method = str(scope["path"]).removeprefix(scope.get("root_path", "")), scope["method"]
        if path.startswith(tuple(PREFIX + unused for unused in UNUSED)):
            raise _RefusedError(404, "there is no such page")
        session = _cookie(headers)
        if method == "POST" and path.rstrip("/") == LOGIN:
            address = str((scope.get("client") or ("",))[0])
            self._passwords.check(address)
            await self._app(scope, receive, self._passwords.heard(address, send))
        elif method == "POST" and path.rstrip("/") == UPLOAD:
            await self._app(scope, receive, self._noted(session, send))
        elif method == "POST":
            await self._app(scope, await self._own_files_only(session, receive), send)
        else:
            await self._app(scope, receive, send if session else _with_session(path, send))

    def _check_host(self, headers: list[tuple[bytes, bytes]]) -> None:
        hosts = [_text(value) for name, value in headers if name == b"host"]
        if len(hosts) != 1 or _name(hosts[0]) not in self._hosts:
            asked = hosts[0][:100] if hosts else "no host"
            raise _RefusedError(
                421,
                f"the page is not called {asked!r}: ask for it by its own name, or say it by --allowed-host",
            )
        for name, value in headers:
            if name == b"origin":
                asked = urlsplit(_text(value)).netloc
                if asked != hosts[0] and (_name(asked) in LOOPBACK or _name(asked) not in self._hosts):
                    raise _RefusedError(403, "another page asks: open this one itself")

    def _noted(self, session: str, send: Send) -> Send:
        """Notes the files that an upload came to."""
        body = bytearray()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if not message.get("more_body", False) and session:
                    self._note(session, bytes(body))
            await send(message)

        return noting

    def _note(self, session: str, body: bytes) -> None:
        try:
            files = parse_json(body.decode())
        except ValueError:
            return
        known = self._uploads.setdefault(session, LRUCache(MAX_UPLOADS))
        for file in files if isinstance(files, list) else ():
            known[str(file)] = True

    async def _own_files_only(self, session: str, receive: Receive) -> Receive:
        """Reads a request; a file that it names must be an upload of its session."""
        body, more = bytearray(), True
        while more:
            message = await receive()
            body.extend(message.get("body", b""))
            more = message["type"] == "http.request" and message.get("more_body", False)
            if len(body) > MAX_BODY:
                raise _RefusedError(413, "the request is too large")
        try:
            data = parse_json(body.decode()) if body else None
        except ValueError as error:
            raise _RefusedError(400, "the request is no JSON") from error
        if isinstance(data, dict):
            data = {name: value for name, value in data.items() if name != "event_data"}  # opens no file
        known = self._uploads.get(session, ())
        if any(not isinstance(path, str) or path not in known for path in _paths(data)):
            raise _RefusedError(403, "that file was not uploaded in this session: drop it onto the page")

        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replayed() -> Message:
            return whole.pop() if whole else await receive()

        return replayed


class _Passwords:
    """Counts wrong passwords by address: beyond the free ones each doubles the wait."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._wrong: LRUCache[str, tuple[int, float]] = LRUCache(10_000)

    def check(self, address: str) -> None:
        """Refuses a password before the wait is over."""
        wrong, until = self._wrong.get(address, (0, 0.0))
        left = until - self._clock()
        if wrong >= FREE_TRIES and left > 0:
            told = f"{wrong} wrong passwords: try again in {left:.0f} s"
            raise _RefusedError(429, told, [(b"retry-after", str(int(left) + 1).encode())])
        # Counted before it is answered: tries that come together are no free ones.
        wait = min(MAX_WAIT, 2.0 ** (wrong + 1 - FREE_TRIES)) if wrong + 1 >= FREE_TRIES else 0.0
        self._wrong[address] = (wrong + 1, self._clock() + wait)

    def heard(self, address: str, send: Send) -> Send:
        """Forgets what was wrong when a password is right."""

        async def hearing(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                self._wrong.pop(address, None)
            await send(message)

        return hearing


def said_hosts(host: str, allowed: Iterable[str]) -> frozenset[str]:
    """The names under which a page may be asked for.

    Args:
        host: Address that it listens at.
        allowed: Further names that were said.
    """
    own = LOOPBACK if _name(host) in LOOPBACK | {"0.0.0.0", "::"} else frozenset({_name(host)})
    return own | {_name(name) for name in allowed}


def _name(host: str) -> str:
    """A host's name alone: without port, brackets and case."""
    if host.count(":") > 1 and not host.startswith("["):
        return host.lower()
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _paths(value: Any) -> Iterator[Any]:
    """All that is called ``path`` in a value."""
    if isinstance(value, dict):
        if "path" in value:
            yield value["path"]
        for inner in value.values():
            yield from _paths(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner)


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def _cookie(headers: list[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name == b"cookie":
            try:
                found = SimpleCookie(_text(value)).get(COOKIE)
            except CookieError:
                continue
            if found is not None:
                return found.value
    return ""


def _with_session(path: str, send: Send) -> Send:
    """Gives a browser that opens the page a session."""

    async def giving(message: Message) -> None:
        if message["type"] == "http.response.start" and path == "/":
            given = f"{COOKIE}={secrets.token_urlsafe(24)}; HttpOnly; Path=/"
            message["headers"] = [*message.get("headers", []), (b"set-cookie", given.encode())]
        await send(message)

    return giving


def _guarded(send: Send) -> Send:
    """Makes all cookies strict, and says how a browser shall treat the page."""

    async def guarding(message: Message) -> None:
        if message["type"] == "http.response.start":
            told = {name for name, _ in HEADERS}
            kept = [
                (name, _strict(value) if name.lower() == b"set-cookie" else value)
                for name, value in message.get("headers", [])
                if name.lower() not in told
            ]
            message["headers"] = [*kept, *HEADERS]
        await send(message)

    return guarding


def _strict(cookie: bytes) -> bytes:
    parts = [part.strip() for part in _text(cookie).split(";")]
    kept = [part for part in parts if not part.lower().startswith("samesite")]
    return "; ".join([*kept, "SameSite=Strict"]).encode("latin-1")


async def _answer(scope: Scope, send: Send, refused: _RefusedError) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = json.dumps({"detail": str(refused)}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    start = {"type": "http.response.start", "status": refused.status, "headers": [*headers, *refused.headers]}
    await _guarded(send)(start)
    await send({"type": "http.response.body", "body": body})
