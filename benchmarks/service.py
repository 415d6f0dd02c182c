"""What an inspection over HTTP costs beside one from Python: ``python -m benchmarks.service``."""

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
import uvicorn
from pydantic import Field

from benchmarks.machine import machine_name
from benchmarks.program import JsonOption, program, tell
from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, MemoryOption, MllmOption
from echo_agent.images.listing import list_images
from echo_agent.inspector import Inspector
from echo_agent.serve.serving import build
from echo_agent.state import Value


class ServiceCost(Value):
    """Times of an inspection on this machine, in milliseconds; the medians of both ways in turn."""

    machine: str
    images: int = Field(description="Photographs, each inspected by both ways in each round.")
    python: float = Field(description="``Inspector.inspect`` of a file.")
    http: float = Field(
        description="``POST /v1/inspect`` with the file, by a client that keeps its connection."
    )
    more: float = Field(description="Median of the differences.")
    ratio: float = Field(description="http / python.")


def measure_service(inspector: Inspector, product: str, images: list[Path], rounds: int) -> ServiceCost:
    """Inspects each photograph by both ways in turn, each time with nothing kept from before.

    Args:
        inspector: What inspects, also behind the service.
        product: The product.
        images: Its photographs.
        rounds: So often; one round more goes before, uncounted.
    """
    spent: dict[str, list[float]] = {"python": [], "http": []}
    with _service(inspector) as address, httpx.Client(base_url=address, timeout=120) as client:
        for counted in range(rounds + 1):
            for image in images:
                data = image.read_bytes()
                for way, row in spent.items():
                    inspector.memory.forget()
                    started = time.perf_counter()
                    if way == "python":
                        inspector.inspect(image, product=product)
                    else:
                        files = {"image": (image.name, data)}
                        client.post("/v1/inspect", files=files, data={"product": product}).raise_for_status()
                    if counted:
                        row.append(1000 * (time.perf_counter() - started))
    python, http = (statistics.median(row) for row in spent.values())
    return ServiceCost(
        machine=machine_name(),
        images=len(images),
        python=python,
        http=http,
        more=statistics.median(b - a for a, b in zip(spent["python"], spent["http"], strict=True)),
        ratio=http / python,
    )


@contextmanager
def _service(inspector: Inspector) -> Iterator[str]:
    app = build(inspector, keys=(), per_minute=10**9)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def service(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Photographs of the product.")],
    *,
    product: Annotated[str, typer.Option(help="A registered product.")],
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    mllm: MllmOption = None,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Milliseconds of one inspection from Python and over HTTP (extra ``serve``)."""
    inspector = Inspector.open(memory, mllm=mllm, create=False)
    found = measure_service(inspector, product, list_images(folder), rounds)
    text = (
        f"{found.machine}, {found.images} photographs: Python {found.python:.1f} ms, HTTP {found.http:.1f} ms, "
        f"{found.more:.1f} ms more ({found.ratio:.2f} x)"
    )
    tell(found, text, as_json)


app = program(service)

if __name__ == "__main__":
    app()
