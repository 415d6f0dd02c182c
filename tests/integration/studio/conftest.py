import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from benchmarks.ports import free_port
from echo_agent.inspector import Inspector


@pytest.fixture(scope="session")
def studio_memory(tmp_path_factory, good_parts):
    """A memory that the server uses, with the synthetic plate in it."""
    inspector = Inspector.open(tmp_path_factory.mktemp("studio") / "memory")
    inspector.register("plate", good_parts)
    return inspector.memory


@pytest.fixture(scope="session")
def allowed_folder(tmp_path_factory):
    """A folder whose images the server may be given by path."""
    return tmp_path_factory.mktemp("allowed")


@pytest.fixture(scope="session")
def server(repository, studio_memory, allowed_folder, tmp_path_factory):
    """A LangGraph server of this repository on a port of its own; gives its address, start time and memory."""
    program = Path(sys.executable).with_name("langgraph")
    if not program.exists() and shutil.which("langgraph") is None:
        pytest.skip("the extra 'studio' is not installed")
    port = free_port()
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ECHO_", "LANGGRAPH_STRICT"))
        },
        "ECHO_MEMORY": str(studio_memory.folder),
        "ECHO_IMAGE_FOLDERS": str(allowed_folder),
        "LANGGRAPH_CLI_NO_ANALYTICS": "1",
        "LANGSMITH_TRACING": "false",
        "LANGGRAPH_NO_VERSION_CHECK": "true",
        "PYTHONPATH": str(repository),
    }
    folder = tmp_path_factory.mktemp("server")  # it keeps its state where it runs: two would share it
    for name in ("langgraph.json", "graphs"):
        (folder / name).symlink_to(repository / name)
    log = folder / "server.log"
    place = f"http://127.0.0.1:{port}"
    command = [program, "dev", "--no-browser", "--no-reload", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as stream:
        started = time.perf_counter()
        process = subprocess.Popen(
            [*map(str, command), "--n-jobs-per-worker", "2"],
            cwd=folder,
            env=environment,
            stdout=stream,
            stderr=stream,
        )
        try:
            yield place, _seconds_until_ok(place, process, log, started), log
        finally:
            process.terminate()
            process.wait(timeout=300)


def _seconds_until_ok(place, process, log, started):
    while time.perf_counter() - started < 300:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            if httpx.get(f"{place}/ok", timeout=10).status_code == 200:
                return time.perf_counter() - started
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(log.read_text()[-3000:])
