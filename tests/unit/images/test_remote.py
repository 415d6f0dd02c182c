import socket
from types import SimpleNamespace

import httpcore
import pytest

from echo_agent.errors import ImageError
from echo_agent.images import remote as remote_image
from echo_agent.images.public_addresses import is_public
from echo_agent.images.remote import fetch, public_address


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "ff0e::1",
        "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::",
        "::ffff:8.8.8.8", "64:ff9b:1::1", "198.18.0.1", "192.0.2.1", "203.0.113.9", "192.88.99.2", "100::1",
        "2001:db8::1", "3fff::1", "5f00::1", "2001:20::1", "fec0::1", "4000::1",
    ],
)  # fmt: skip
def test_addresses_of_the_internal_network_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "169.254.170.2", "192.0.0.192", "168.63.129.16", "100.100.100.200", "192.80.8.124",
        "fd00:ec2::254", "fd20:ce::254", "fe80::a9fe:a9fe", "::ffff:168.63.129.16", "64:ff9b::a83f:8110",
    ],
)  # fmt: skip
def test_metadata_services_of_clouds_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize("found", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1"]])
def test_a_name_that_leads_to_an_internal_address_is_refused(monkeypatch, found):
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0)) for one in found]
    resolver = SimpleNamespace(getaddrinfo=lambda *_, **__: answers, SOCK_STREAM=socket.SOCK_STREAM)
    monkeypatch.setattr(remote_image, "socket", resolver)
    with pytest.raises(ImageError, match="no public host"):
        public_address("innocent.example")


class Network(httpcore.AsyncMockBackend):
    """Stands in for the network: says where each connection came to, and what was asked there."""

    def __init__(self, peer, answer=b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npart"):
        super().__init__([answer])
        self.peer, self.went_to, self.asked = peer, [], b""

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.went_to.append((host, port))
        stream = await super().connect_tcp(host, port, timeout, local_address, socket_options)
        stream.get_extra_info = lambda info: (self.peer, port) if info == "server_addr" else None

        async def write(data, timeout=None):
            self.asked += data

        stream.write = write
        return stream


@pytest.fixture
def network(monkeypatch):
    """Puts a network in place of the real one: a name's addresses, and where the connection comes to."""

    def make(found, peer):
        answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0)) for one in found]
        resolver = SimpleNamespace(getaddrinfo=lambda *_, **__: answers, SOCK_STREAM=socket.SOCK_STREAM)
        monkeypatch.setattr(remote_image, "socket", resolver)
        made = Network(peer)
        monkeypatch.setattr(remote_image.httpcore, "AnyIOBackend", lambda: made)
        return made

    return make


def test_the_connection_goes_to_the_address_that_was_checked(network):
    made = network(["8.8.8.8"], "8.8.8.8")
    assert fetch("http://someone:secret@parts.example:8080/a.png?b=1", 100) == b"part"
    assert made.went_to == [("8.8.8.8", 8080)]
    assert made.asked.startswith(b"GET /a.png?b=1 HTTP/1.1\r\nHost: parts.example:8080\r\n")
    assert b"secret" not in made.asked


@pytest.mark.parametrize("peer", ["127.0.0.1", "192.0.0.192", "168.63.129.16", "::1"])
def test_a_connection_that_came_elsewhere_is_left_before_anything_is_sent(network, peer):
    made = network(["8.8.8.8"], peer)
    with pytest.raises(ImageError, match="no public host"):
        fetch("http://parts.example/a.png", 100)
    assert made.asked == b""


@pytest.mark.parametrize("found", [["168.63.129.16"], ["8.8.8.8", "192.0.0.192"]])
def test_nothing_connects_to_a_name_that_leads_inside(network, found):
    made = network(found, found[0])
    with pytest.raises(ImageError, match="no public host"):
        fetch("http://parts.example/a.png", 100)
    assert made.went_to == []
