import json
import subprocess
import sys

import pytest
import typer

from echo_agent.cli.app import EchoCommands
from echo_agent.cli.lazy import LazyCommand, LazyGroup
from echo_agent.errors import EchoError

HEAVY = (
    "torch",
    "transformers",
    "chromadb",
    "sklearn",
    "langgraph",
    "langchain_core",
    "numpy",
    "PIL",
    "scipy",
)


def test_help_names_each_command_with_its_line(echo):
    code, out, _ = echo("--help")
    assert code == 0
    for name, command in EchoCommands.lazy_commands.items():
        assert name in out
        assert command.help[:30] in out


@pytest.mark.parametrize("name", EchoCommands.lazy_commands)
def test_a_commands_own_help_says_the_same_as_the_list(echo, name):
    code, out, _ = echo(name, "--help")
    assert code == 0
    assert EchoCommands.lazy_commands[name].help in " ".join(out.split())


@pytest.mark.parametrize("arguments", [["--help"], ["register", "--help"], ["inspect", "--help"]])
def test_help_imports_nothing_heavy(arguments):
    script = (
        "import sys\nfrom echo_agent.cli.app import app\n"
        f"try:\n    app({arguments!r})\nexcept SystemExit as ended:\n    assert ended.code == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "[]"


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["inspect"], ["register", "plate"], ["register", "p", "d", "--shots", "0"]]
)
def test_wrong_usage_exits_with_2_and_says_nothing_on_stdout(echo, arguments):
    code, out, err = echo(*arguments)
    assert code == 2
    assert out == ""
    assert err


def test_an_error_is_one_line_on_stderr_and_exit_code_1(capsys):
    class Commands(LazyGroup):
        """A group of no lazy command."""

    failing = typer.Typer(cls=Commands, pretty_exceptions_enable=False)
    failing.callback()(lambda: None)

    @failing.command()
    def fail():
        raise EchoError("the lamp\nis off: switch it on")

    with pytest.raises(SystemExit) as ended:
        failing(["fail"])
    assert ended.value.code == 1
    assert capsys.readouterr() == ("", "echo-agent: the lamp is off: switch it on\n")


def test_each_commands_module_is_there():
    assert all(isinstance(command, LazyCommand) for command in EchoCommands.lazy_commands.values())


def test_the_memory_folder_is_chosen_by_option_then_variable_then_default(echo, monkeypatch, tmp_path):
    from echo_agent.settings import process_settings

    def chosen(*arguments):
        process_settings.cache_clear()
        import json

        return json.loads(echo(*arguments)[1])["memory"]

    assert chosen("config", "--json") == "echo-memory"
    monkeypatch.setenv("ECHO_MEMORY", "/from/variable")
    assert chosen("config", "--json") == "/from/variable"
    assert chosen("--memory", "/before", "config", "--json") == "/before"
    assert chosen("--memory", "/before", "config", "--memory", "/after", "--json") == "/after"


def test_config_names_the_variable_of_each_setting(echo):
    _, out, _ = echo("config")
    for name in ("ECHO_MEMORY", "ECHO_MLLM", "ECHO_DEVICE"):
        assert name in out


def test_config_shows_what_a_run_can_be_told(echo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    _, out, _ = echo("config")
    assert "adaptive, paper, always, never" in out
    assert "from 1 to 64" in out
    assert "above 0 and below 1" in out
    assert "Nearest references that are retrieved and shown." in out
    _, out, _ = echo("config", "--json")
    assert json.loads(out)["run"]["shots"]["maximum"] == 64
