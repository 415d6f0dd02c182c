"""Lines on their way to a receiver: in order, again and again while it is away, also after a restart."""

import json
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from echo_agent.errors import EchoError, RunError
from echo_agent.files import replacing
from echo_agent.runs.line import Line
from echo_agent.runs.record import VERDICTS
from echo_agent.state import Value

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds until a delivery is tried again: doubled each time, up to the longest."""

LAST_PATIENCE = 10.0
"""Seconds that a run waits at its end for a receiver that is away."""


class DeliveryError(EchoError):
    """A delivery that failed; it is tried again."""


class Channel(Protocol):
    """What brings a line to a receiver."""

    name: str
    address: str

    def send(self, number: int, line: bytes) -> None:
        """Returns when the receiver has the line.

        Raises:
            DeliveryError: It has not, as far as is known.
        """

    def close(self) -> None:
        """Ends the connection."""


class _Place(Value):
    """How far a receiver has got: bytes of ``verdicts.jsonl``, and lines."""

    offset: int = 0
    delivered: int = 0


class Delivery:
    """Delivers a run's lines, at least once and in their order.

    ``verdicts.jsonl`` itself is the queue; how far the receiver has got stands beside it, so that neither a receiver
    that is away nor a kill loses a line. A kill between the two may deliver one line twice: lines have numbers.

    Args:
        run: The run's folder.
        channel: What brings a line to the receiver.
        tell: What is called where the receiver is away, and where it is back.
    """

    def __init__(self, run: Path, channel: Channel, tell: Callable[[str], None]) -> None:
        self.name = f"{channel.name} {channel.address}"
        self._lines = run / VERDICTS
        digest = sha256(channel.address.encode()).hexdigest()[:12]
        self._file = run / "deliveries" / f"{channel.name}-{digest}.json"
        self._channel = channel
        self._tell = tell
        self._place = self._read_place()
        self._news = threading.Event()
        self._ending = threading.Event()
        self._given_up = threading.Event()
        self._failed: RunError | None = None
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def saw(self, line: Line) -> None:
        """See ``Observer.saw``.

        Raises:
            RunError: How far the receiver has got cannot be written.
        """
        if self._failed is not None:
            raise self._failed
        self._news.set()

    def told(self) -> Any:
        """See ``Observer.told``: lines that were delivered, and that are left for the next start."""
        lines = 0
        if self._lines.exists():
            with self._lines.open("rb") as stream:
                lines = sum(1 for _ in stream)
        return {"delivered": self._place.delivered, "left": lines - self._place.delivered}

    def close(self) -> None:
        """See ``Observer.close``: tries again at once, and waits a while for a receiver that is away."""
        self._ending.set()
        self._news.set()
        self._thread.join(LAST_PATIENCE)
        if self._thread.is_alive():
            self._tell(
                f"{self.name} is still away: what is left is delivered when the same command is given again"
            )
        self._given_up.set()
        if self._failed is not None:
            raise self._failed

    def _run(self) -> None:
        try:
            while True:
                self._news.clear()
                ending = self._ending.is_set()
                self._deliver()
                if ending or self._given_up.is_set():
                    break
                self._news.wait()
        except RunError as error:
            self._failed = error
        except OSError as error:
            self._failed = RunError(
                f"{self._file} cannot be written ({error.strerror}): make room; the same command goes on"
            )
        finally:
            self._channel.close()

    def _deliver(self) -> None:
        """Delivers all lines that there are."""
        if not self._lines.exists():
            return
        with self._lines.open("rb") as stream:
            stream.seek(self._place.offset)
            for line in stream:
                if not line.endswith(b"\n") or not self._send(line[:-1]):
                    return
                self._place = _Place(
                    offset=self._place.offset + len(line), delivered=self._place.delivered + 1
                )
                self._file.parent.mkdir(exist_ok=True)
                with replacing(self._file) as kept:
                    kept.write(self._place.model_dump_json().encode())

    def _send(self, line: bytes) -> bool:
        """Whether the receiver has a line, after as many tries as it takes; not where the run has given up."""
        number, wait = self._number(line), FIRST_WAIT
        while True:
            try:
                self._channel.send(number, line)
            except DeliveryError as error:
                if wait == FIRST_WAIT:
                    self._tell(f"{self.name} is away ({error}): its lines wait")
                if self._waited(wait):
                    return False
                wait = min(2 * wait, LONGEST_WAIT)
            else:
                if wait > FIRST_WAIT:
                    self._tell(f"{self.name} is back")
                return True

    def _waited(self, seconds: float) -> bool:
        """Waits, no longer than until the run ends, then shortly; whether the run has given up."""
        if self._ending.is_set():
            return self._given_up.wait(min(seconds, LAST_PATIENCE / 20))
        self._ending.wait(seconds)
        return False

    def _number(self, line: bytes) -> int:
        try:
            return int(json.loads(line)["number"])
        except (ValueError, TypeError, KeyError) as error:
            raise RunError(
                f"{self._lines} holds what is no line of a run after {self._place.delivered} delivered lines: restore "
                "it, or choose another --out"
            ) from error

    def _read_place(self) -> _Place:
        if not self._file.exists():
            return _Place()
        try:
            return _Place.model_validate_json(self._file.read_text(encoding="ascii"))
        except (OSError, ValidationError, UnicodeDecodeError) as error:
            raise RunError(
                f"{self._file} cannot be read: remove it to deliver the run from its start"
            ) from error
