"""What the attacks' program tells."""

from pathlib import Path

import pytest

from benchmarks.stress.__main__ import app
from benchmarks.stress.attack import END, START, Attack, Outcome, as_markdown, attempt, written_into


def outcome(name, attempts, *failures, seconds=1.0):
    return Outcome(
        name=name, tried=f"what {name} tries", attempts=attempts, failures=failures, seconds=seconds
    )


def test_each_attempt_counts_and_what_failed_is_told():
    def tries(folder: Path, attempts: int):
        for number in range(attempts):
            yield f"number {number}\nfell" if number == 2 else None

    found = attempt(Attack("fall", "falls", tries, short=1, long=9), Path(), 4)
    assert (found.attempts, found.failures) == (4, ("number 2 fell",))


def test_an_attack_that_is_interrupted_tells_what_was_tried():
    def tries(folder: Path, attempts: int):
        yield None
        yield "fell"
        raise KeyboardInterrupt

    found = attempt(Attack("fall", "falls", tries, short=1, long=9), Path(), 9)
    assert (found.attempts, found.failures) == (2, ("fell",))


def test_the_page_gets_the_rows_that_were_run_and_keeps_the_others():
    page = f"# Title\n{START}\n{as_markdown([outcome('b', 3), outcome('a', 1)])}\n{END}\nMore.\n"
    written = written_into(page, [outcome("c", 1000, seconds=3600.0), outcome("b", 4, "fell", seconds=90.0)])
    assert written.splitlines() == [
        "# Title",
        START,
        "| attack | tried | attempts | failures | took |",
        "| --- | --- | ---: | ---: | ---: |",
        "| `a` | what a tries | 1 | 0 | 1 s |",
        "| `b` | what b tries | 4 | 1 | 90 s |",
        "| `c` | what c tries | 1,000 | 0 | 60 min |",
        END,
        "More.",
    ]
    with pytest.raises(ValueError, match="no lines"):
        written_into("# Title", [])


def test_an_attack_that_there_is_not_names_those_that_there_are(capsys):
    with pytest.raises(SystemExit) as ended:
        app(["nothing"])
    assert ended.value.code == 2
    assert "kill" in capsys.readouterr().err
