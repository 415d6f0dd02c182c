"""Every command of README and docs runs here or in the test of its page; those that do not are named, with why."""

import contextlib
import io
import re
import shlex
import shutil
from importlib import import_module

import pytest
import typer

from echo_agent.settings import process_settings
from tests.conftest import synthetic_part

BLOCK = re.compile(r"^```(bash|sh|shell|console|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)

TESTED_WHOLE = {
    ("docs/audit.md", "bash"): "test_audit.py",
    ("docs/first-day.md", "console"): "test_first_day.py",
    ("docs/graph.md", "python"): "test_python.py",
    ("docs/python.md", "python"): "test_python.py",
    ("docs/runs.md", "bash"): "test_runs.py",
    ("README.md", "python"): "test_readme.py",
}
"""Pages whose blocks of a kind a test of their own runs from the first to the last."""

NOT_RUN = {
    "pip install": "the environment of the tests is what it makes",
    "make demo": "tests/integration/cli/test_first_inspection.py runs what it calls",
    "make test": "is what runs this",
    "make studio": "tests/integration/studio starts the same server",
}
"""Commands that are not run, and why."""

PARSED = {
    "python -m benchmarks.": "takes minutes to hours; its program is tested by itself",
    "echo-agent evaluate folder DATASET": "ten fits; the one above it runs",
    "echo-agent threshold PRODUCT --labelled": "tests/integration/cli/test_threshold.py runs it on photographs enough",
}
"""Commands of which it is only held that they are there with all their options, and why."""

STAND_INS = {
    "PRODUCT": "plate",
    "CATEGORY": "category",
    "DATASET": "category",
    "P": "plate",
    "IMAGE": "part.png",
}
"""What stands in the place of a reader's own names."""


def blocks(repository):
    """Page, kind and text of each block that a reader would type."""
    for page in ("README.md", *sorted(f"docs/{file.name}" for file in (repository / "docs").glob("*.md"))):
        for kind, text in BLOCK.findall((repository / page).read_text(encoding="utf-8")):
            if (page, kind) not in TESTED_WHOLE:
                yield page, kind, text


def commands(repository):
    """Page and command of each line that no test of the page runs."""
    readme = (repository / "README.md").read_text(encoding="utf-8")
    elsewhere = re.search(r"^## On the command line$(.*?)(?=^## )", readme, re.MULTILINE | re.DOTALL)[1]
    for page, kind, text in blocks(repository):
        assert kind == "bash", f"{page}: no test runs its blocks of {kind}"
        tested = (page == "README.md" and text in elsewhere) or "curl" in text or "echo-agent serve" in text
        lines = [] if tested else text.replace("\\\n", " ").splitlines()
        yield from ((page, line) for line in lines if line.strip())


@pytest.fixture
def workplace(tmp_path, monkeypatch, good_parts, scratched_part):
    shutil.copytree(good_parts, tmp_path / "photographs" / "good")
    (tmp_path / "photographs" / "new").mkdir()
    shutil.copy(scratched_part, tmp_path / "photographs" / "new" / "0002.png")
    shutil.copy(good_parts / "good-0.png", tmp_path / "part.png")
    for folder, seeds, defect in (
        ("train/good", 8, False),
        ("test/good", 2, False),
        ("test/scratch", 2, True),
    ):
        place = tmp_path / "category" / folder
        place.mkdir(parents=True)
        for seed in range(seeds):
            synthetic_part(300 + seed + 50 * defect, defect=defect).save(place / f"{seed:03d}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_commands_run_and_those_that_do_not_are_named(repository, workplace, echo, monkeypatch):
    assert echo("register", "plate", "photographs/good")[0] == 0
    unused = NOT_RUN.keys() | PARSED.keys()
    ran, read = 0, None
    for page, line in commands(repository):
        if page != read:  # a page begins without what another one made
            shutil.rmtree("knowledge", ignore_errors=True)
            read = page
        start = next((start for start in (*NOT_RUN, *PARSED) if line.startswith(start)), None)
        unused -= {start}
        if start in NOT_RUN:
            assert (
                all(part.strip().startswith("pip install") for part in line.split("&&"))
                or start != "pip install"
            )
        elif start in PARSED:
            parse(line)
        else:
            run(page, line.replace("file:///tmp/", f"file://{workplace}/"), echo, monkeypatch)
            ran += 1
    assert not unused, f"no page has such a command any more: {unused}"
    assert ran >= 10


def run(page, line, echo, monkeypatch):
    """Runs a command of ``echo-agent`` in this process."""
    words = [STAND_INS.get(word, word) for word in shlex.split(line, comments=True)]
    with monkeypatch.context() as environment:
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            environment.setenv(name, value)
        process_settings.cache_clear()
        assert words.pop(0) == "echo-agent", f"{page}: no test runs {line!r}"
        if ">" in words:
            words = words[: words.index(">")]
        environment.setattr("sys.stdin", io.StringIO())  # nobody is there to talk to
        code, _, err = echo(*words)
    process_settings.cache_clear()
    assert code == 0, f"{page}: {line!r} ends with {code}: {err}"


def parse(line):
    """Holds that a command is there, with all its options."""
    words = [word.removesuffix("...") for word in shlex.split(line, comments=True)]
    if words[0] == "python":
        command, words = typer.main.get_command(import_module(words[2]).app), words[3:]
    else:
        from echo_agent.cli.app import app

        command, words = typer.main.get_command(app), words[1:]
        context = command.make_context("echo-agent", words[:1], resilient_parsing=True)
        while hasattr(command, "resolve_command"):
            _, command, words = command.resolve_command(context, words)
    with contextlib.redirect_stderr(io.StringIO()):
        command.make_context("command", [STAND_INS.get(word, word) for word in words])
