"""Whether a receiver that is away loses a line: ``python -m benchmarks.delivery``.

Real solar cells (extra ``demo``) arrive in a watched folder while the webhook's receiver is stopped for a minute; the
inspecting process is killed and started again meanwhile.
"""

import http.server
import itertools
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.program import JsonOption, program, tell
from benchmarks.run import REFERENCES, memory_of_cells
from benchmarks.watch import start_watching
from echo_agent.evaluation.solar_cells import cells, data_folder
from echo_agent.runs.record import read_fields
from echo_agent.runs.webhook import secret_key, signature
from echo_agent.state import Value

SECRET = "of-the-benchmark"


class DeliveryBenchmark(Value):
    """What was found.

    Attributes:
        photographs: Photographs that were inspected.
        away: Seconds for which the receiver was stopped.
        while_away: Lines that were written meanwhile.
        missing: Lines that never came.
        twice: Lines that came more than once.
        out_of_order: Lines that came for the first time after a later one.
        unsigned: Messages whose signature is wrong.
        last_after: Seconds from the receiver's return to the last line.
    """

    photographs: int
    away: float
    while_away: int
    missing: int
    twice: int
    out_of_order: int
    unsigned: int
    last_after: float


class _Receiver:
    """Receives lines at one address, while it is there."""

    def __init__(self) -> None:
        self.got: list[tuple[int, float]] = []
        self.unsigned = 0
        self._server: http.server.ThreadingHTTPServer | None = None
        self.port = 0

    def come(self) -> None:
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                name, moment = self.headers["webhook-id"], self.headers["webhook-timestamp"]
                right = signature(secret_key(SECRET), name, moment, body)
                receiver.unsigned += self.headers["webhook-signature"] != right
                receiver.got.append((int(name.rsplit("-", 1)[1]), time.monotonic()))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def go(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


def _wait(done: Callable[[], bool], seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.2)


def _end(process: "subprocess.Popen[bytes]", *, kill: bool = False) -> None:
    process.kill() if kill else process.terminate()
    process.wait()


def benchmark_delivery(count: int, away: float) -> DeliveryBenchmark:
    """Inspects in a temporary folder; a third of the photographs arrive before, while and after the receiver is away.

    Args:
        count: How many photographs arrive.
        away: Seconds for which the receiver is stopped.
    """
    normal, _ = cells(data_folder())
    chosen = normal[REFERENCES : REFERENCES + count]
    receiver = _Receiver()
    receiver.come()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        incoming, memory, run = folder / "incoming", folder / "memory", folder / "run"
        incoming.mkdir()
        memory_of_cells(memory, normal)
        os.environ["ECHO_WEBHOOK_SECRET"] = SECRET
        options = ["--webhook", f"http://127.0.0.1:{receiver.port}/parts"]

        def arrive(start: int, end: int) -> None:
            for picture in chosen[start:end]:
                (incoming / picture.name).write_bytes(picture.read_bytes())

        def written() -> int:
            return sum(1 for _ in read_fields(run)) if (run / "verdicts.jsonl").exists() else 0

        process = start_watching(incoming, memory, run, *options)
        arrive(0, count // 3)
        _wait(lambda: len(receiver.got) >= count // 3)
        before = written()
        receiver.go()
        gone = time.monotonic()
        arrive(count // 3, 2 * count // 3)
        _wait(lambda: written() >= before + 2, away)
        _end(process, kill=True)
        process = start_watching(incoming, memory, run, *options)
        time.sleep(max(0.0, gone + away - time.monotonic()))
        while_away = written() - before
        receiver.come()
        back = time.monotonic()
        arrive(2 * count // 3, count)
        _wait(lambda: len({number for number, _ in receiver.got}) >= count)
        _end(process)
    numbers = [number for number, _ in receiver.got]
    first = list(dict.fromkeys(numbers))
    receiver.go()
    return DeliveryBenchmark(
        photographs=count,
        away=away,
        while_away=while_away,
        missing=len(set(range(1, count + 1)) - set(numbers)),
        twice=len(numbers) - len(first),
        out_of_order=sum(later < earlier for earlier, later in itertools.pairwise(first)),
        unsigned=receiver.unsigned,
        last_after=round(receiver.got[-1][1] - back, 1),
    )


def delivery(
    *,
    photographs: Annotated[int, typer.Option(min=9, help="Photographs that arrive.")] = 60,
    away: Annotated[float, typer.Option(min=1, help="Seconds for which the receiver is stopped.")] = 60.0,
    as_json: JsonOption = False,
) -> None:
    """A webhook's receiver that is away for a while, and a process that is killed meanwhile."""
    found = benchmark_delivery(photographs, away)
    text = (
        f"{found.photographs} photographs, the receiver away for {found.away:g} s, in which {found.while_away} lines "
        f"were written and the process was killed: {found.missing} lines missing, {found.twice} twice, "
        f"{found.out_of_order} out of order, {found.unsigned} unsigned; the last came {found.last_after} s after "
        "its return"
    )
    tell(found, text, as_json)


app = program(delivery)

if __name__ == "__main__":
    app()
