import io
import sys

from echo_agent.cli.progress import progress_bar


class Terminal(io.StringIO):
    """Stands in for a terminal."""

    def isatty(self):
        return True


def shown(stream, monkeypatch, **options):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar("Registering", **options) as progress:
        progress(1, 2)
        sys.stdout.write("a result\n")
    return stream.getvalue()


def test_a_terminal_shows_a_bar_and_stdout_stays_clean(monkeypatch, capsys):
    assert "Registering" in shown(Terminal(), monkeypatch)
    assert capsys.readouterr().out == "a result\n"


def test_a_pipe_shows_none(monkeypatch):
    assert shown(io.StringIO(), monkeypatch) == ""


def test_a_bar_can_be_left_out(monkeypatch):
    assert "Registering" not in shown(Terminal(), monkeypatch, shown=False)
