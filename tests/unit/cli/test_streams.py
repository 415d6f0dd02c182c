"""The command line as a shell runs it, with standard streams that are closed or full."""

import subprocess
import sys
from pathlib import Path

import pytest


def shell(command, repository):
    """Runs a command of the shell in which ``echo`` is the command line; gives exit code and stderr."""
    ran = subprocess.run(
        ["bash", "-c", f'echo_() {{ "{sys.executable}" -m echo_agent "$@"; }}; {command}'],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", ["version", "config --json", "knowledge schema", "--help"])
def test_an_output_that_is_full_is_told_in_one_line(repository, command):
    code, err = shell(f"echo_ {command} >/dev/full", repository)
    assert code == 1
    assert err == (
        "echo-agent: standard output cannot be written (No space left on device): make room, or write elsewhere\n"
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_stop_nothing(repository, closed):
    assert shell(f"echo_ config --json {closed}", repository) == (0, "")


def test_a_reader_that_leaves_is_no_error(repository):
    _, err = shell("echo_ config --json | true", repository)
    assert err == ""
