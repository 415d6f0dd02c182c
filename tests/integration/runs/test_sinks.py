"""Lines of a run to a receiver by HTTP and by MQTT, over real sockets."""

import http.server
import json
import socketserver
import struct
import threading
import time

import pytest

from benchmarks.ports import free_port
from echo_agent.runs import delivery, mqtt, webhook
from echo_agent.runs.delivery import Delivery
from echo_agent.runs.folder import RunFolder
from echo_agent.runs.mqtt import Mqtt
from echo_agent.runs.webhook import Webhook, secret_key, signature
from tests.unit.runs.test_folder import SETTINGS, a_line


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent; the first ``refusals`` are answered with 503."""

    refusals = 0
    got: list = []  # noqa: RUF012 - a server makes a handler for each request

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        refused = Receiver.refusals > 0
        Receiver.refusals -= refused
        if not refused:
            Receiver.got.append((dict(self.headers), body))
        self.send_response(503 if refused else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


class FakeBroker(socketserver.BaseRequestHandler):
    """Stands in for an MQTT broker: accepts, and confirms what is published with quality of service 1."""

    got: list = []  # noqa: RUF012

    def handle(self):
        while (kind := self.request.recv(1)) != b"":
            length, shift = 0, 0
            while True:
                (byte,) = self.request.recv(1)
                length |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
            body = b""
            while len(body) < length:
                body += self.request.recv(length - len(body))
            packet = kind[0] >> 4
            if packet == 1:
                self.request.sendall(b"\x20\x02\x00\x00")
            elif packet == 3:
                assert kind[0] & 6 == 2, "quality of service 1"
                (size,) = struct.unpack(">H", body[:2])
                FakeBroker.got.append((body[2 : 2 + size].decode(), json.loads(body[4 + size :])["number"]))
                self.request.sendall(b"\x40\x02" + body[2 + size : 4 + size])
            elif packet == 14:
                return


def serving(server_class, handler, port):
    server_class.allow_reuse_address = True
    server = server_class(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(delivery, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(delivery, "LAST_PATIENCE", 60.0)
    for channel in (mqtt, webhook):  # what is answered late is sent again
        monkeypatch.setattr(channel, "TIMEOUT", 60.0)
    Receiver.got, FakeBroker.got = [], []
    opened = RunFolder(tmp_path / "run", SETTINGS)
    yield opened
    opened.close()


def wait_for_word(told):
    """Waits until it is told that the receiver is away."""
    while not told:
        time.sleep(0.01)


def add(run, one, *numbers):
    for number in numbers:
        line = a_line(number, f"/{number}.png")
        run.add(line)
        one.saw(line)


def test_a_receiver_that_is_away_loses_nothing_and_knows_the_sender(run):
    port, told = free_port(), []
    one = Delivery(run.folder, Webhook(f"http://127.0.0.1:{port}/hook", "secret", run.record.id), told.append)
    add(run, one, *range(1, 6))
    wait_for_word(told)
    Receiver.refusals = 2
    server = serving(http.server.ThreadingHTTPServer, Receiver, port)
    add(run, one, 6, 7)
    one.close()
    server.shutdown()
    server.server_close()
    assert [json.loads(body)["number"] for _, body in Receiver.got] == list(range(1, 8))
    for headers, body in Receiver.got:
        name, moment = headers["webhook-id"], headers["webhook-timestamp"]
        assert headers["webhook-signature"] == signature(secret_key("secret"), name, moment, body)
    assert len({headers["webhook-id"] for headers, _ in Receiver.got}) == 7
    assert one.told() == {"delivered": 7, "left": 0}
    assert "its lines wait" in told[0]
    assert told[-1].endswith("is back")


def test_each_line_is_published_and_confirmed_also_when_the_broker_comes_late(run):
    port, told = free_port(), []
    one = Delivery(run.folder, Mqtt(f"mqtt://127.0.0.1:{port}/line/1"), told.append)
    add(run, one, 1, 2)
    wait_for_word(told)
    server = serving(socketserver.ThreadingTCPServer, FakeBroker, port)
    add(run, one, 3)
    one.close()
    server.shutdown()
    server.server_close()
    assert FakeBroker.got == [("line/1", 1), ("line/1", 2), ("line/1", 3)]
