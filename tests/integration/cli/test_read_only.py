"""A memory that may be read but not written: to inspect works, to change says so in one line."""

import json
import os
import shutil
import subprocess
import sys

import pytest

AS_A_USER = ["setpriv", "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []
"""Root may write everywhere, unless it gives that right up."""

if AS_A_USER and shutil.which("setpriv") is None:
    pytest.skip("root cannot give up its rights: setpriv is not installed", allow_module_level=True)


@pytest.fixture
def read_only(plates_copy):
    """A copy of the memory of plates, without the right to write."""
    places = [plates_copy, *plates_copy.rglob("*")]
    for place in places:
        place.chmod(0o555 if place.is_dir() else 0o444)
    yield plates_copy
    for place in places:
        place.chmod(0o755)


def run(*arguments):
    command = [*AS_A_USER, sys.executable, "-m", "echo_agent", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_to_inspect_needs_no_right_to_write(read_only, plates, scratched_part, tmp_path):
    asked = ("inspect", scratched_part, "--product", "plate", "--json")
    verdicts = []
    for memory in (read_only, plates):
        out = tmp_path / f"run-{len(verdicts)}"
        ran = run(*asked, "--memory", memory, "--out", out)
        assert any((out / "maps").glob("scratched-*.jpg"))
        told = f"the memory in {memory} cannot be written: what is inspected leaves no record\n"
        assert (ran.returncode, ran.stderr) == (0, told if memory == read_only else "")
        verdict = json.loads(ran.stdout.splitlines()[-1])
        verdicts.append((verdict["label"], verdict["score"], len(verdict["regions"])))
    assert verdicts[0] == verdicts[1]


def test_what_would_change_it_is_told_in_one_line(read_only, good_parts, scratched_part):
    commands = (
        ("register", "disc", good_parts),
        ("feedback", scratched_part, "--label", "defective", "--product", "plate"),
    )
    for command in commands:
        ran = run(*command, "--memory", read_only)
        assert ran.returncode == 1
        assert ran.stderr.count("\n") == 1
        assert str(read_only) in ran.stderr
