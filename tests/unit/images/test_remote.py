import socket
from types import SimpleNamespace

import pytest

from echo_agent.errors import ImageError
from echo_agent.images import remote as remote_image
from echo_agent.images.remote import is_public, public_address


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "ff0e::1",
        "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_addresses_of_the_internal_network_are_not_public(address):
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
