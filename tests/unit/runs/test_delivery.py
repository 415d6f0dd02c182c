import base64
import json
import threading
import time

import pytest

from echo_agent.errors import RunError, SettingsError
from echo_agent.runs import delivery
from echo_agent.runs.delivery import Delivery, DeliveryError
from echo_agent.runs.folder import RunFolder
from echo_agent.runs.mqtt import Mqtt
from echo_agent.runs.record import VERDICTS
from echo_agent.runs.webhook import Webhook, secret_key, signature
from tests.unit.runs.test_folder import SETTINGS, a_line


class FakeChannel:
    """Stands in for a receiver that is away for some tries."""

    name, address = "fake", "somewhere"

    def __init__(self, away=0):
        self.away = away
        self.got = []
        self.closed = False

    def send(self, number, line):
        if self.away:
            self.away -= 1
            raise DeliveryError("no way")
        self.got.append((number, json.loads(line)["number"]))

    def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(delivery, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(delivery, "LAST_PATIENCE", 60.0)


@pytest.fixture
def soon_given_up(monkeypatch):
    monkeypatch.setattr(delivery, "LAST_PATIENCE", 0.5)


@pytest.fixture
def run(tmp_path):
    opened = RunFolder(tmp_path / "run", SETTINGS)
    yield opened
    opened.close()


def add(run, deliveries, *numbers):
    for number in numbers:
        line = a_line(number, f"/{number}.png")
        run.add(line)
        for one in deliveries:
            one.saw(line)


def test_nothing_is_lost_and_the_order_kept_while_the_receiver_is_away(run):
    channel, told = FakeChannel(away=3), []
    one = Delivery(run.folder, channel, told.append)
    add(run, [one], 1, 2, 3)
    one.close()
    assert channel.got == [(1, 1), (2, 2), (3, 3)]
    assert one.told() == {"delivered": 3, "left": 0}
    assert told == ["fake somewhere is away (no way): its lines wait", "fake somewhere is back"]


def test_after_a_restart_it_goes_on_where_the_receiver_has_got(run, monkeypatch):
    away, told = FakeChannel(away=10**6), []
    add(run, [], 1, 2)
    first = FakeChannel()
    one = Delivery(run.folder, first, told.append)
    one.close()
    monkeypatch.setattr(delivery, "LAST_PATIENCE", 0.5)
    two = Delivery(run.folder, away, told.append)
    add(run, [two], 3)
    two.close()
    assert two.told() == {"delivered": 2, "left": 1}
    assert any("delivered when the same command is given again" in one for one in told)
    monkeypatch.undo()
    again = FakeChannel()
    three = Delivery(run.folder, again, told.append)
    three.close()
    assert (first.got, again.got) == ([(1, 1), (2, 2)], [(3, 3)])
    away.away = 0


def test_the_signature_is_that_of_the_specification():
    key = secret_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == expected
    assert secret_key("a text") == b"a text"
    assert base64.b64encode(key)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Webhook("receiver", "secret", "run"), "begin it with https://"),
        (lambda: Webhook("https://receiver", "", "run"), "ECHO_WEBHOOK_SECRET"),
        (lambda: Webhook("https://receiver", "whsec_?", "run"), "no base64"),
        (lambda: Mqtt("mqtt://host"), "mqtt://host/topic"),
        (lambda: Mqtt("http://host/topic"), "mqtt://host/topic"),
        (lambda: Mqtt("mqtt://host:port/topic"), "mqtt://host/topic"),
        (lambda: Mqtt("mqtt://[host/topic"), "mqtt://host/topic"),
        (lambda: Mqtt("mqtt://host/line/#"), "mqtt://host/topic"),
        (lambda: Webhook("https://receiver:port/hook", "secret", "run"), "is no address"),
        (lambda: Webhook("https://", "secret", "run"), "is no address"),
    ],
)
def test_an_address_or_a_secret_that_cannot_be_is_told(make, told):
    with pytest.raises(SettingsError, match=told):
        make()


def test_lines_that_come_while_it_delivers_are_delivered(run):
    channel = FakeChannel()
    one = Delivery(run.folder, channel, print)
    thread = threading.Thread(target=add, args=(run, [one], *range(1, 40)))
    thread.start()
    thread.join()
    time.sleep(0.01)
    one.close()
    assert [number for number, _ in channel.got] == list(range(1, 40))


def test_a_receiver_that_is_back_when_the_run_ends_gets_the_rest_at_once(run, monkeypatch):
    monkeypatch.setattr(delivery, "FIRST_WAIT", 60.0)
    channel = FakeChannel(away=1)
    one = Delivery(run.folder, channel, print)
    add(run, [one], 1, 2)
    while channel.away:
        time.sleep(0.001)
    one.close()
    assert one.told() == {"delivered": 2, "left": 0}


def test_nothing_is_delivered_any_more_after_the_end(run, soon_given_up):
    over = threading.Event()

    class Late(FakeChannel):
        def send(self, number, line):
            over.wait(60)
            super().send(number, line)

    channel = Late(away=1)
    one = Delivery(run.folder, channel, print)
    add(run, [one], 1)
    one.close()
    over.set()
    one._thread.join(60)
    assert channel.closed
    assert channel.got == []
    assert one.told() == {"delivered": 0, "left": 1}


def test_what_is_no_line_of_a_run_is_told(run):
    channel = FakeChannel()
    (run.folder / VERDICTS).write_bytes(b"no line\n")
    one = Delivery(run.folder, channel, print)
    with pytest.raises(RunError, match="no line of a run"):
        one.close()
    assert channel.closed
