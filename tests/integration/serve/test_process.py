"""``echo-agent serve`` as its users start it: a process of its own, with a key, and with the page."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import httpx
import pytest

from benchmarks.ports import free_port
from echo_agent.inspector import Inspector

pytestmark = [pytest.mark.slow]

KEY = {"X-API-Key": "line-1"}


@pytest.fixture(scope="module")
def address(good_parts, tmp_path_factory):
    """The service's address, and at the end its exit code and what it told on the way."""
    memory = tmp_path_factory.mktemp("memory")
    Inspector.open(memory).register("plate", good_parts)
    port = free_port()
    environment = os.environ | {"ECHO_SERVE_KEYS": "line-1,line-2", "ECHO_UI_PASSWORD": "secret"}
    command = [sys.executable, "-m", "echo_agent", "serve", "--memory", memory, "--port", str(port), "--page"]
    command += ["--max-false-reject", "0.25", "--allowed-host", "line-3"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    place = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(place, process)
        yield place
        process.send_signal(signal.SIGTERM)
        told = process.communicate(timeout=300)[0].decode()
        assert re.fullmatch(rf"Echo is at {place}, told about at /docs \(Ctrl-C ends it\)\.\n", told)
        assert process.returncode in {0, -signal.SIGTERM}
    finally:
        process.kill()
        process.wait()


def _wait_until_ready(place, process):
    for _ in range(2400):
        assert process.poll() is None, process.stdout.read().decode()
        try:
            if httpx.get(f"{place}/readyz", timeout=10).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("the service is not ready after four minutes")


def test_a_part_is_inspected_and_counted(address, scratched_part):
    files = {"image": (scratched_part.name, scratched_part.read_bytes(), "image/png")}
    assert httpx.post(f"{address}/v1/inspect", files=files, timeout=300).status_code == 401
    answer = httpx.post(f"{address}/v1/inspect", files=files, headers=KEY, timeout=300).json()
    assert answer["label"] in {"defective", "review"}
    assert answer["regions"]
    assert 'echo_inspections_total{label="' in httpx.get(f"{address}/metrics", headers=KEY, timeout=300).text


def test_it_is_as_strict_as_its_options_say_and_answers_by_the_names_that_were_said(address, good_parts):
    part = good_parts / "good-0.png"
    files = {"image": (part.name, part.read_bytes(), "image/png")}
    answer = httpx.post(f"{address}/v1/inspect", files=files, headers=KEY, timeout=300).json()
    assert answer["threshold_from"] == "call"
    asked = [
        httpx.get(f"{address}/v1/products", headers=KEY | {"Host": name}, timeout=300).status_code
        for name in ("line-3", "localhost", "line-4")
    ]
    assert asked == [200, 200, 400]


def test_the_page_wants_its_password(address):
    assert httpx.get(f"{address}/ui/config", timeout=300).status_code == 401
    with httpx.Client(base_url=address, timeout=300) as person:
        entered = person.post("/ui/login", data={"username": "echo", "password": "secret"})
        assert entered.status_code == 200
        assert "Photograph a part" in person.get("/ui/config").text


def test_the_commands_of_its_page_run(address, good_parts, scratched_part, repository, tmp_path):
    (tmp_path / "photographs" / "new").mkdir(parents=True)
    (tmp_path / "photographs" / "good").mkdir()
    for number in (1, 2, 3):
        shutil.copy(good_parts / f"good-{number}.png", tmp_path / "photographs" / "good" / f"000{number}.png")
    shutil.copy(scratched_part, tmp_path / "photographs" / "new" / "0002.png")
    page = (repository / "docs" / "service.md").read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"```bash\n(.*?)```", page, re.DOTALL) if "curl" in block]
    assert len(blocks) == 5
    told = []
    for block in blocks:
        script = block.replace("http://127.0.0.1:8000", address).replace("curl -s", "curl -sf")
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            check=False,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ran.returncode == 0, ran.stderr
        told.append(ran.stdout)
    assert json.loads(told[0])["score"] == json.loads(told[1])["score"]
    assert json.loads(told[2])["label"] == "defective"
    made = told[3].replace("}{", "}\n{").splitlines()
    assert [json.loads(line).get("references") for line in made] == [2, 3, 2, None]
    assert json.loads(made[3]) == {"removed": "bracket"}
    assert 'echo_inspections_total{label="' in told[4]


def test_others_are_not_served_without_a_key(echo, tmp_path):
    code, _, err = echo("serve", "--host", "0.0.0.0", "--memory", tmp_path)
    assert (code, "ECHO_SERVE_KEYS" in err) == (1, True)
    code, _, err = echo("serve", "--host", "0.0.0.0", "--key", "a", "--page", "--memory", tmp_path)
    assert (code, "ECHO_UI_PASSWORD" in err) == (1, True)
