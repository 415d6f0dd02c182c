"""The Dockerfile and compose.yaml: clean by hadolint, with all that is copied, and with few rights."""

import re
import subprocess
import sys
from pathlib import Path

import yaml


def test_hadolint_has_nothing_to_say(repository):
    program = Path(sys.executable).with_name("hadolint")
    ran = subprocess.run([program, repository / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_what_is_copied_is_there_and_not_ignored(repository):
    text = (repository / "Dockerfile").read_text(encoding="utf-8")
    allowed = (repository / ".dockerignore").read_text(encoding="utf-8").split()
    copied = [
        file for step in re.findall(r"^COPY ([^-].*)$", text, re.MULTILINE) for file in step.split()[:-1]
    ]
    assert len(copied) >= 8
    for file in copied:
        assert (repository / file).exists()
        assert f"!{file.split('/')[0]}" in allowed


def test_the_service_has_few_rights(repository):
    services = yaml.safe_load((repository / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert {name for name, one in services.items() if "profiles" not in one} == {"echo"}
    assert services.keys() == {"echo", "vllm", "chroma"}
    service = services["echo"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert service["volumes"] == ["memory:/memory"]
    assert ":?" in service["environment"]["ECHO_SERVE_KEYS"]
    assert re.search(
        r"^USER 10001:10001$", (repository / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
    )
