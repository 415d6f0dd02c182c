"""A real Chroma server holds the index: the same verdicts, also when it has lost its rows; told where it is away."""

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from benchmarks.ports import free_port
from echo_agent.errors import StoreError
from echo_agent.inspector import Inspector
from echo_agent.memory.memory import Memory
from tests.conftest import synthetic_part
from tests.photographs import another_part


def start(port, folder):
    chroma = Path(sys.executable).with_name("chroma")
    command = [chroma, "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 240
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/heartbeat", timeout=60).close()
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.2)
        else:
            return process


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_verdicts_are_the_same_with_the_index_on_a_server(good_parts, scratched_part, tmp_path):
    port = free_port()
    address, folder = f"http://127.0.0.1:{port}", tmp_path / "memory"
    plain = Inspector.open(folder)
    plain.register("plate", good_parts)
    plain.register("stripes", [another_part(seed) for seed in range(4)])
    parts = [scratched_part, synthetic_part(700), another_part(9)]
    expected = [plain.inspect(part) for part in parts]

    def judged():
        served = Inspector(Memory.open(folder, chroma=address))
        return [served.inspect(part) for part in parts]

    server = start(port, tmp_path / "first")
    try:
        found = judged()
        kept = Inspector(Memory.open(folder, chroma=address))
        kept.inspect(parts[0])
        server.kill()
        server.wait()
        with pytest.raises(StoreError, match="ECHO_CHROMA_URL"):
            kept.inspect(parts[1])
        server = start(port, tmp_path / "second")
        assert kept.inspect(parts[1]).product == "plate", "a server without its rows gets them again"
        again = [judged(), [Inspector(Memory.open(folder, chroma=address)).inspect(part) for part in parts]]
    finally:
        server.kill()
        server.wait()
    for verdicts in (found, *again):
        for one, other in zip(verdicts, expected, strict=True):
            assert (one.label, one.product, one.score) == (other.label, other.product, other.score)
            assert [near.id for near in one.references] == [near.id for near in other.references]
    assert [verdict.product for verdict in expected] == ["plate", "plate", "stripes"]
