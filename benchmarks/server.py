"""What the LangGraph server costs, from its start to a long conversation: ``python -m benchmarks.server``."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from PIL import Image
from pydantic import Field

from benchmarks.conversation import (
    QUESTIONS,
    TURNS,
    ImageArgument,
    ProductOption,
    photographs_of_half_a_megabyte,
    turns_told,
)
from benchmarks.ports import free_port
from benchmarks.program import JsonOption, program, tell
from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, MemoryOption
from echo_agent.errors import MissingExtraError, ModelError
from echo_agent.images.decoding import load_image
from echo_agent.memory.memory import Memory
from echo_agent.resources import open_memory
from echo_agent.state import Value

if TYPE_CHECKING:
    from langgraph_sdk.client import SyncLangGraphClient

MAX_START_SECONDS = 60.0
FOLDER = Path(__file__).resolve().parents[1] / "graphs"
GRAPHS = {name: f"{FOLDER / name}.py:graph" for name in ("inspection", "chat")}


class ServerCost(Value):
    """What ``langgraph dev`` cost on this machine, in seconds and bytes."""

    start: float = Field(description="From the command until /ok answers.")
    first_event: float = Field(
        description="From the first inspection's request to its first event; loads the model."
    )
    first_verdict: float = Field(description="From the same request to its verdict.")
    later_event: float = Field(description="The first event of a second inspection: the model is loaded.")
    later_verdict: float = Field(description="Its verdict.")
    second_turn: float = Field(description="Turn 2 of a conversation.")
    last_turn: float = Field(description="Turn 20, which asks the same.")
    state_bytes: int = Field(
        description="The thread's state after 20 turns with 5 photographs of 500 kB, as JSON."
    )
    history_bytes: int = Field(
        description="All its checkpoints as JSON; the server saves inputs before Echo sees them."
    )
    disk_bytes: int = Field(description="What the development server keeps of all threads on disk.")


def measure_server(memory: Memory, photograph: Image.Image, product: str | None) -> ServerCost:
    """Starts ``langgraph dev`` in a folder of its own and drives it with ``langgraph_sdk``.

    Args:
        memory: The memory that the server uses.
        photograph: A photograph of the product.
        product: The product; found out where not given.

    Raises:
        MissingExtraError: The extra ``studio`` is not installed.
        ModelError: The server does not start.
    """
    try:
        from langgraph_sdk import get_sync_client
    except ImportError as error:
        raise MissingExtraError("langgraph-sdk", "studio") from error
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = photographs_of_half_a_megabyte(photograph, folder)
        image = memory.store_image(photograph).model_dump()
        with _server(folder, memory) as (place, start), get_sync_client(url=place, timeout=300) as client:
            first_event, first_verdict = _inspect(client, image, product)
            later_event, later_verdict = _inspect(client, image, product)
            thread, turns = _talk(client, files, product)
            state = len(json.dumps(client.threads.get_state(thread)["values"]))
            history = len(json.dumps(client.threads.get_history(thread, limit=1000)))
        kept = sum(file.stat().st_size for file in (folder / ".langgraph_api").glob("*"))
    return ServerCost(
        start=start,
        first_event=first_event,
        first_verdict=first_verdict,
        later_event=later_event,
        later_verdict=later_verdict,
        second_turn=turns[1],
        last_turn=turns[-1],
        state_bytes=state,
        history_bytes=history,
        disk_bytes=kept,
    )


@contextlib.contextmanager
def _server(folder: Path, memory: Memory) -> Iterator[tuple[str, float]]:
    """Runs the server; gives its address and the seconds until it answered."""
    program = shutil.which("langgraph", path=str(Path(sys.executable).parent)) or shutil.which("langgraph")
    if program is None:
        raise MissingExtraError("langgraph-cli", "studio")
    (folder / "langgraph.json").write_text(json.dumps({"dependencies": ["."], "graphs": GRAPHS}))
    port = free_port()
    environment = {
        **os.environ,
        "ECHO_MEMORY": str(memory.folder),
        "LANGGRAPH_CLI_NO_ANALYTICS": "1",
        "LANGGRAPH_NO_VERSION_CHECK": "true",
        "LANGSMITH_TRACING": "false",
    }
    command = [program, "dev", "--no-browser", "--no-reload", "--host", "127.0.0.1", "--port", str(port)]
    place, started = f"http://127.0.0.1:{port}", time.perf_counter()
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            yield place, _seconds_until_ok(place, process, started)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _seconds_until_ok(place: str, process: "subprocess.Popen[bytes]", started: float) -> float:
    while time.perf_counter() - started < MAX_START_SECONDS and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{place}/ok", timeout=2).status_code == httpx.codes.OK:
                return time.perf_counter() - started
        time.sleep(0.05)
    raise ModelError(
        f"langgraph dev did not answer within {MAX_START_SECONDS:g} s: run 'make studio' to see why"
    )


def _inspect(
    client: "SyncLangGraphClient", image: dict[str, Any], product: str | None
) -> tuple[float, float]:
    """Returns the seconds to the first custom event, and to the end."""
    started, first = time.perf_counter(), None
    for event in client.runs.stream(
        None, "inspection", input={"image": image, "product": product}, stream_mode=["custom", "updates"]
    ):
        if event.event == "custom" and first is None:
            first = time.perf_counter() - started
    return first or float("nan"), time.perf_counter() - started


def _talk(client: "SyncLangGraphClient", files: list[Path], product: str | None) -> tuple[str, list[float]]:
    thread, seconds = client.threads.create()["thread_id"], []
    for turn in range(TURNS):
        content: list[dict[str, str]] = [{"type": "text", "text": "Is it ok?"}]
        if turn % 4 == 0:
            data = base64.b64encode(files[turn // 4].read_bytes()).decode()
            content.append({"type": "image", "base64": data, "mime_type": "image/bmp"})
        else:
            content[0]["text"] = QUESTIONS[turn % 4 - 1]
        started = time.perf_counter()
        given: dict[str, Any] = {"messages": [{"role": "user", "content": content}], "product": product}
        client.runs.wait(thread, "chat", input=given)
        seconds.append(time.perf_counter() - started)
    return thread, seconds


def server(
    image: ImageArgument,
    product: ProductOption = None,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Start and first events of ``langgraph dev``, and the same conversation on it (extra ``studio``)."""
    cost = measure_server(open_memory(memory), load_image(image), product)
    tell(cost, as_text(cost), as_json)


def as_text(cost: ServerCost) -> str:
    """The figures in words, a line each."""
    return "\n".join(
        (
            f"/ok after {cost.start:.1f} s",
            f"first inspection: first event after {cost.first_event:.2f} s, verdict after {cost.first_verdict:.2f} s "
            "(loads the model)",
            f"second inspection: first event after {cost.later_event:.2f} s, "
            f"verdict after {cost.later_verdict:.2f} s",
            f"20 turns with 5 photographs of 518 kB: state {cost.state_bytes / 2**20:.2f} MiB, all checkpoints "
            f"{cost.history_bytes / 2**20:.2f} MiB, on the server's disk {cost.disk_bytes / 2**20:.2f} MiB",
            turns_told(cost.second_turn, cost.last_turn),
        )
    )


app = program(server)

if __name__ == "__main__":
    app()
