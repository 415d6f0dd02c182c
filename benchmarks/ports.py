"""Ports for servers that a test or a benchmark starts."""

import itertools
import os
import socket

FIRST, COUNT = 16_000, 16_000
"""Below those that a system hands out by itself: what is free here stays free until the server takes it."""

_turns = itertools.count()


def free_port() -> int:
    """A port of this machine that nothing listens on, and that no other process is given here at the same time."""
    while True:
        port = FIRST + (31 * os.getpid() + next(_turns)) % COUNT
        with socket.socket() as found:
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
