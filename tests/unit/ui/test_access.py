import asyncio
import json

import pytest

from echo_agent.ui.access import COOKIE, FREE_TRIES, MAX_BODY, Access, said_hosts

OWN = "127.0.0.1:7860"
UPLOADED = "/tmp/uploads/abc/part.png"


class Page:
    """Stands in for Gradio: takes uploads, knows one password, and remembers what reached it."""

    def __init__(self):
        self.reached = []
        self.status, self.cookies = 200, ()

    async def __call__(self, scope, receive, send):
        body = (await receive()).get("body", b"")
        self.reached.append((scope["path"], body))
        said = json.dumps([UPLOADED]).encode() if scope["path"].endswith("/upload") else b"{}"
        status = 400 if scope["path"].endswith("/login") and body != b"right" else 200
        headers = [(b"set-cookie", cookie) for cookie in self.cookies]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": said})


class Browser:
    """Asks a page behind ``Access``; keeps its session."""

    def __init__(self, access):
        self.access, self.cookie, self.root = access, None, ""

    def ask(self, method, path, body=b"", *, host=OWN, origin=None, client="10.0.0.1"):
        headers = [(b"host", host.encode())] if host is not None else []
        headers += [(b"origin", origin.encode())] if origin is not None else []
        headers += [(b"cookie", self.cookie)] if self.cookie is not None else []
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = []

        async def receive():
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": headers,
            "client": (client, 1),
            "root_path": self.root,
        }
        asyncio.run(self.access(scope, receive, send))
        self.headers = sent[0]["headers"]
        for name, value in self.headers:
            if name == b"set-cookie" and value.startswith(COOKIE.encode()):
                self.cookie = value.split(b";")[0]
        return sent[0]["status"]


@pytest.fixture
def page():
    return Page()


def entered(page, **options):
    return Browser(Access(page, hosts=said_hosts("127.0.0.1", ["line-3"]), **options))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (OWN, 200), ("localhost:7860", 200), ("[::1]:7860", 200), ("LINE-3", 200), ("line-3.:7860", 200),
        ("evil.example", 421), ("evil.example:7860", 421), ("127.0.0.1.evil.example", 421),

        ("line-3@evil.example", 421),
        ("", 421), (None, 421), ("[::1", 421), ("169.254.169.254", 421),
    ],
)  # fmt: skip
def test_only_a_host_that_was_said_is_served(page, host, status):
    assert entered(page).ask("GET", "/", host=host) == status
    assert bool(page.reached) == (status == 200)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:7860", 200), ("https://line-3", 200), ("http://127.0.0.1:3000", 403),
        ("http://localhost:3000", 403), ("https://evil.example", 403), ("null", 403), ("", 403),
    ],
)  # fmt: skip
def test_only_an_origin_that_was_said_may_ask(page, origin, status):
    assert entered(page).ask("POST", "/gradio_api/queue/join", {"data": []}, origin=origin) == status


def test_a_request_names_uploads_of_its_session_alone(page):
    access = Access(page, hosts=said_hosts("127.0.0.1", []))
    owner, other = Browser(access), Browser(access)
    for browser in (owner, other):
        browser.ask("GET", "/")
    assert owner.ask("POST", "/gradio_api/upload", b"--form") == 200
    named = {"data": ["tab", {"path": UPLOADED, "meta": {"_type": "gradio.FileData"}}], "fn_index": 3}
    assert owner.ask("POST", "/gradio_api/queue/join", named) == 200
    assert json.loads(page.reached[-1][1]) == named
    assert other.ask("POST", "/gradio_api/queue/join", named) == 403
    for path in (
        "/etc/passwd",
        "/tmp/uploads/abc/../../secret.png",
        "http://169.254.169.254/",
        None,
        7,
        ["a"],
    ):
        for forged in (
            {"data": [{"path": path}]},
            {"data": [[{"x": {"path": path}}]]},
            {"image": {"path": path}},
        ):
            assert owner.ask("POST", "/gradio_api/queue/join", forged) == 403, forged


def test_a_page_within_another_application_is_guarded_alike(page):
    browser = entered(page)
    browser.root = "/ui"
    assert browser.ask("POST", "/ui/gradio_api/queue/join", {"data": [{"path": "/etc/passwd"}]}) == 403
    assert browser.ask("GET", "/ui/gradio_api/proxy=http://10.0.0.1/") == 404
    assert [browser.ask("POST", "/ui/login", b"wrong") for _ in range(6)][-1] == 429


def test_a_chosen_picture_of_the_queue_is_no_file_that_is_opened(page):
    chosen = {"data": [0.8], "event_data": {"index": 0, "value": {"image": {"path": "/tmp/queue.png"}}}}
    assert entered(page).ask("POST", "/gradio_api/queue/join", chosen) == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[" * 100_000, 400), (b'"' + b"x" * MAX_BODY + b'"', 413), (b"NaN", 400),
     (b"", 200), (b"\xff", 400)],
)  # fmt: skip
def test_a_request_is_bounded(page, body, status):
    assert entered(page).ask("POST", "/gradio_api/queue/join", body) == status


@pytest.mark.parametrize(
    "path", ["proxy=http://10.0.0.1/", "component_server", "process_recording", "vibe-edit/", "dev/reload"]
)
def test_routes_that_the_page_does_not_use_are_closed(page, path):
    assert entered(page).ask("GET", f"/gradio_api/{path}") == 404
    assert page.reached == []


def test_five_wrong_passwords_slow_an_address_down(page):
    now = [0.0]
    browser = entered(page, clock=lambda: now[0])
    assert [browser.ask("POST", "/login", b"wrong") for _ in range(25)] == [400] * FREE_TRIES + [429] * 20
    assert dict(browser.headers)[b"retry-after"] == b"2"
    assert browser.ask("POST", "/login", b"right", client="10.0.0.2") == 200
    answered = 0
    for second in range(600):
        now[0] = float(second)
        answered += browser.ask("POST", "/login", b"wrong") == 400
    assert answered < 20
    now[0] += 60
    assert browser.ask("POST", "/login", b"right") == 200
    assert browser.ask("POST", "/login", b"wrong") == 400


def test_cookies_are_strict_and_the_page_stands_in_no_other(page):
    page.cookies = (b"access-token=1; HttpOnly; SameSite=none; Secure", b"plain=1")
    browser = entered(page)
    browser.ask("GET", "/")
    cookies = [value for name, value in browser.headers if name == b"set-cookie"]
    assert len(cookies) == 3
    assert all(cookie.endswith(b"SameSite=Strict") and b"none" not in cookie for cookie in cookies)
    policy = dict(browser.headers)[b"content-security-policy"]
    assert policy.startswith(b"default-src 'self' data: blob:")
    assert policy.endswith(b"frame-ancestors 'self'")


def test_a_page_for_all_addresses_is_asked_for_by_names_that_were_said():
    assert said_hosts("0.0.0.0", ["line-3:443"]) == {"localhost", "127.0.0.1", "::1", "line-3"}
    assert said_hosts("192.168.1.5", []) == {"192.168.1.5"}
