import os
import signal
import subprocess
import sys

import pytest

from benchmarks.conversation import measure_conversation
from echo_agent.chat.history import FILE_NAME, open_history
from echo_agent.errors import StoreError
from echo_agent.state import Box
from tests.conftest import synthetic_part
from tests.integration.chat.parts import spotted_part


def test_twenty_turns_with_five_photographs_stay_small(plate_inspector, tmp_path):
    cost = measure_conversation(plate_inspector.memory, spotted_part(), "plate", rounds=1)
    assert cost.turns == 20
    assert cost.photographs == 5
    assert cost.photograph_bytes > 500_000
    assert cost.database_bytes < 5 * 2**20


def test_a_killed_terminal_goes_on_with_its_thread(plate_inspector, tmp_path):
    part = tmp_path / "part.png"
    spotted_part().save(part)
    command = [sys.executable, "-m", "echo_agent.cli.app", "chat", "--thread", "killed"]
    command += ["--memory", str(plate_inspector.memory.folder)]
    child = subprocess.Popen(
        [*command, str(part), "--product", "plate"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert any(b"plate: defective" in line for line in child.stdout)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdin.close()
    child.stdout.close()
    again = subprocess.run(
        command, input="Where is it?\n", capture_output=True, text=True, check=True, timeout=300
    )
    assert "product plate" in again.stdout
    assert "2 earlier messages" in again.stdout
    assert "R1 lies at the top" in again.stdout
    assert again.stderr == ""


@pytest.fixture
def typed(monkeypatch, capsys):
    """Runs ``echo-agent chat`` with lines typed at its prompt; gives what it printed."""
    from echo_agent.cli.app import app

    def run(*arguments, lines=()):
        answers = iter([*lines, "quit"])
        monkeypatch.setattr("rich.console.Console.input", lambda *_, **__: next(answers))
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            app([str(argument) for argument in arguments])
        assert ended.value.code == 0
        return capsys.readouterr().out

    return run


def test_the_terminal_talks_and_obeys_its_commands(plate_inspector, tmp_path, typed, caplog):
    part, good = tmp_path / "part.png", tmp_path / "good part.png"
    spotted_part().save(part)
    synthetic_part(3).save(good)
    folder = plate_inspector.memory.folder
    out = typed(
        "chat", part, "--product", "plate", "--memory", folder, "--thread", "terminal",
        lines=[
            "Where is it?", "/why", "/references", "/verdict", f"/map {tmp_path}", f"/export {tmp_path}/talk.json",
            "/image nowhere.png", "/fly", "/product nut", f'/image "{good}" Is it ok?',
        ],
    )  # fmt: skip
    assert "defective" in out
    assert "Deserializing" not in caplog.text
    assert "R1 lies at the top" in out
    assert "compare" in out
    assert "N1" in out
    assert "decided by: measured" in out
    assert list(tmp_path.glob("*-map.png"))
    assert '"role": "person"' in (tmp_path / "talk.json").read_text()
    assert "nowhere.png cannot be read" in out
    assert "/fly is no command" in out
    assert "unknown product 'nut'" in out
    assert "normal, " in out
    assert "earlier messages" in typed("chat", "--memory", folder, "--thread", "terminal")


def test_a_damaged_file_of_conversations_is_told_in_words(tmp_path):
    (tmp_path / FILE_NAME).write_text("not a database, and long enough to be taken for one" * 30)
    with pytest.raises(StoreError, match="doctor --repair"), open_history(tmp_path):
        pass


def test_a_kept_type_comes_back_by_the_name_of_the_package(tmp_path, monkeypatch):
    with open_history(tmp_path) as history:
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(Box, "__module__", "echo_agent.state")
            kept = history.serde.dumps_typed(Box(left=1, top=2, right=3, bottom=4))
        assert history.serde.loads_typed(kept) == Box(left=1, top=2, right=3, bottom=4)
