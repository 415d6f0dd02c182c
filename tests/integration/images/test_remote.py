"""Fetching from a real server on this machine, which stands for a public one."""

import asyncio
import contextlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from echo_agent.errors import ImageError
from echo_agent.images import remote as remote_image
from echo_agent.images.remote import fetch


def drip(stream):
    """Writes a byte each tenth of a second until the reader leaves."""
    with contextlib.suppress(OSError):
        for _ in range(600):
            stream.write(b"x")
            time.sleep(0.1)


@pytest.fixture
def site(monkeypatch):
    """A web server that counts as public; gives its address and the paths that were asked for."""
    asked = []

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if self.path == "/leads-inside.png":
                self.send_response(302)
                self.send_header("Location", "/internal")
                self.end_headers()
                return
            if self.path == "/drips-its-head.png":
                self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Part: ")
                drip(self.wfile)
                return
            self.send_response(404 if self.path == "/missing.png" else 200)
            self.end_headers()
            if self.path == "/drips.png":
                drip(self.wfile)
            self.wfile.write(b"x" * (5000 if self.path == "/large.png" else 10))

        def log_message(self, *_):
            """Prints nothing."""

    monkeypatch.setattr(remote_image, "public_address", lambda _: "127.0.0.1")
    monkeypatch.setattr(remote_image, "is_public", lambda address: address == "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://parts.example:{server.server_port}", asked
        server.shutdown()


def test_an_image_of_a_public_host_is_fetched_whole(site):
    assert fetch(f"{site[0]}/part.png", 1000) == b"x" * 10


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("leads-inside.png", "leads elsewhere"),
        ("missing.png", "answered 404"),
        ("large.png", "more than 0.001 MB"),
    ],
)
def test_what_is_no_image_there_is_refused_in_words(site, path, words):
    with pytest.raises(ImageError, match=words):
        fetch(f"{site[0]}/{path}", 1000)
    assert site[1] == [f"/{path}"]


@pytest.mark.parametrize("path", ["drips.png", "drips-its-head.png"])
def test_a_host_that_drips_is_left(site, monkeypatch, path):
    monkeypatch.setattr(remote_image, "SECONDS", 0.25)
    with pytest.raises(ImageError, match="took more than"):
        fetch(f"{site[0]}/{path}", 1000)


def test_an_image_is_fetched_where_an_event_loop_runs(site):
    async def within():
        return fetch(f"{site[0]}/part.png", 1000)

    assert asyncio.run(within()) == b"x" * 10


@pytest.mark.parametrize(
    "address",
    [
        "http://2130706433/a.png", "http://0x7f.1/a.png", "http://017700000001/a.png", "http://127.1/a.png",
        "http://[::1]/a.png", "http://[::ffff:127.0.0.1]/a.png", "http://user@127.0.0.1/a.png",
        "http://127.0.0.1:99999/a.png", "http://localhost/a.png", "http://[::1", "http:///a.png",
        "http://8.8.8.8:port/a.png", "http://exa mple/a.png", "https://" + "a" * 300 + "/a.png",
        "http://xn--/a.png",
    ],
)  # fmt: skip
def test_a_hostile_address_is_refused_in_words(address):
    with pytest.raises(ImageError, match="send the photograph itself"):
        fetch(address, 1000)
