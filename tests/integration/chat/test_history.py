import signal
import subprocess
import sys
import time

import pytest

from echo_agent.chat.history import FILE_NAME, open_history
from echo_agent.chat.session import Conversation
from tests.conftest import synthetic_part
from tests.integration.chat.parts import spotted_part

QUESTIONS = ["Where is it?", "How big is it?", "Compare it with the reference.", "Why?"]

CHILD = """
import sys, time
from echo_agent.chat.history import open_history
from echo_agent.chat.session import Conversation
from echo_agent.memory.memory import open_memory
memory = open_memory(sys.argv[1])
with open_history(memory.folder) as history:
    talk = Conversation(memory, history, thread="killed", product="plate")
    talk.say("", talk.put_aside(sys.argv[2]))
    print("said", flush=True)
    sys.stdin.read()
"""


def photograph_of_500_kb(path, seed):
    """A photograph of 518 kB, as a BMP."""
    spotted_part(seed).resize((480, 360)).save(path)
    assert path.stat().st_size > 500_000
    return path


def test_twenty_turns_with_five_photographs_stay_small_and_fast(plate_inspector, tmp_path):
    memory, times = plate_inspector.memory, []
    with open_history(tmp_path) as history:
        talk = Conversation(memory, history, thread="long", product="plate")
        for turn in range(20):
            start = time.perf_counter()
            if turn % 4 == 0:
                file = photograph_of_500_kb(tmp_path / f"{turn}.bmp", turn // 4)
                talk.say("Is it ok?", talk.put_aside(file))
            else:
                assert talk.say(QUESTIONS[turn % 4])
            times.append(time.perf_counter() - start)
        assert len(talk.state().messages) == 40
    size = sum(file.stat().st_size for file in tmp_path.glob(f"{FILE_NAME}*"))
    print(f"{size / 2**20:.2f} MiB, turn 2 {times[1] * 1e3:.0f} ms, turn 20 {times[19] * 1e3:.0f} ms")  # noqa: T201
    assert size < 5 * 2**20
    assert times[19] < 1.5 * times[1] + 0.05


def test_a_killed_conversation_goes_on(plate_inspector, tmp_path):
    memory = plate_inspector.memory
    part = tmp_path / "part.png"
    spotted_part().save(part)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(memory.folder), str(part)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout.readline() == b"said\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdin.close()
    child.stdout.close()
    with open_history(memory.folder) as history:
        talk = Conversation(memory, history, thread="killed")
        assert talk.product == "plate"
        assert "R1 lies at the top" in talk.say("Where is it?")


@pytest.fixture
def typed(monkeypatch, capsys):
    """Runs ``echo-agent chat`` with lines typed at its prompt; gives what it printed."""
    from echo_agent.cli.app import app

    def run(*arguments, lines=()):
        answers = iter([*lines, "/quit"])
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
