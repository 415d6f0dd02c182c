"""What an attack is, which ones there are, and what came of them."""

import importlib
import pkgutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import benchmarks.stress
from echo_agent.state import Value

START, END = "<!-- attacks -->", "<!-- end of attacks -->"
"""The lines of a page between which the table stands."""

HEAD = ("| attack | tried | attempts | failures | took |", "| --- | --- | ---: | ---: | ---: |")


@dataclass(frozen=True)
class Attack:
    """A kind of attack.

    Attributes:
        name: Its name, to run it alone.
        tried: What is tried, as the table says it.
        run: Tries it in an empty folder, so often; yields for each attempt None, or how Echo failed.
        short: Attempts in the tests.
        long: Attempts in the long form.
    """

    name: str
    tried: str
    run: Callable[[Path, int], Iterator[str | None]]
    short: int
    long: int


class Outcome(Value):
    """What came of an attack.

    Attributes:
        name: Its name.
        tried: What was tried.
        attempts: How often.
        failures: How Echo failed, a sentence each.
        seconds: How long it took.
    """

    name: str
    tried: str
    attempts: int
    failures: tuple[str, ...]
    seconds: float


def attacks() -> Mapping[str, Attack]:
    """All attacks by name: those that the modules beside this one call ``ATTACKS``."""
    found: list[Attack] = []
    for module in pkgutil.iter_modules(benchmarks.stress.__path__):
        if not module.name.startswith("_"):
            found += getattr(importlib.import_module(f"benchmarks.stress.{module.name}"), "ATTACKS", ())
    return {attack.name: attack for attack in found}


def attempt(attack: Attack, folder: Path, times: int) -> Outcome:
    """Runs an attack in an empty folder, until it ends or is interrupted."""
    began, tries, failures = time.perf_counter(), 0, []
    with suppress(KeyboardInterrupt):  # what was tried until then counts
        for failure in attack.run(folder, times):
            tries += 1
            if failure is not None:
                failures.append(" ".join(failure.split()))
    return Outcome(
        name=attack.name,
        tried=attack.tried,
        attempts=tries,
        failures=tuple(failures),
        seconds=time.perf_counter() - began,
    )


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    """The table, a row an attack."""
    return "\n".join((*HEAD, *(_row(one) for one in outcomes)))


def written_into(page: str, outcomes: Sequence[Outcome]) -> str:
    """A page with the rows of its table of attacks replaced by what was found anew; other rows stay.

    Raises:
        ValueError: It has no place for the table.
    """
    before, start, rest = page.partition(START)
    between, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"the page has no lines {START} and {END}")
    rows = {line.split("|")[1]: line for line in between.splitlines() if line.startswith("| `")}
    rows |= {row.split("|")[1]: row for row in map(_row, outcomes)}
    table = "\n".join((*HEAD, *(rows[name] for name in sorted(rows))))
    return f"{before}{start}\n{table}\n{end}{after}"


def _row(one: Outcome) -> str:
    took = f"{one.seconds:.0f} s" if one.seconds < 120 else f"{one.seconds / 60:.0f} min"
    return f"| `{one.name}` | {one.tried} | {one.attempts:,} | {len(one.failures):,} | {took} |"
