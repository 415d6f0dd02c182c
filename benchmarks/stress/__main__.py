"""Runs attacks and prints what came of them as a Markdown table; exit code 1 where Echo failed one."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.program import JsonOption, program, tell
from benchmarks.stress.attack import Outcome, as_markdown, attacks, attempt, written_into

TOLD_FAILURES = 20


def stress(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[ATTACK]...", help="Attacks; all if not given.")
    ] = None,
    short: Annotated[bool, typer.Option("--short", help="The form that the tests run.")] = False,
    attempts: Annotated[int | None, typer.Option(help="Attempts of each, instead.", min=1)] = None,
    page: Annotated[
        Path | None, typer.Option(help="A page whose table of attacks gets the figures.", dir_okay=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Attack Echo: what is killed, damaged, filled up, lied to or forged."""
    known = attacks()
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is no attack: there are {', '.join(sorted(known))}")
    outcomes: list[Outcome] = []
    for name in names or sorted(known):
        attack = known[name]
        with tempfile.TemporaryDirectory(prefix=f"echo-{name}-") as folder:
            one = attempt(attack, Path(folder), attempts or (attack.short if short else attack.long))
        outcomes.append(one)
        told = f"{name}: {one.attempts} attempts, {len(one.failures)} failures, {one.seconds:.0f} s"
        typer.echo("\n  ".join((told, *one.failures[:TOLD_FAILURES])), err=True)
        if page is not None:
            page.write_text(written_into(page.read_text(encoding="utf-8"), [one]), encoding="utf-8")
    tell(outcomes, as_markdown(outcomes), as_json)
    if any(one.failures for one in outcomes):
        raise typer.Exit(1)


app = program(stress)

if __name__ == "__main__":
    app()
