"""``echo-agent doctor``: what of a memory is damaged, what is lost with it, and mending it."""

import json
from typing import Annotated

import typer

from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, MemoryOption
from echo_agent.cli.printing import say

app = typer.Typer()


@app.command()
def doctor(
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what can be mended; what is damaged is put aside.")
    ] = False,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Find what of a memory is damaged, say what is lost, and mend it.

    Holds every file of a memory against what was written; exit code 1 where something is damaged.
    """
    from echo_agent.memory.doctor import examine
    from echo_agent.memory.mending import repair as mend
    from echo_agent.resources import open_memory

    folder = memory.expanduser().resolve()
    found = mend(folder, lambda: open_memory(folder)) if repair else examine(folder)
    left = examine(folder) if repair else found
    if as_json:
        told = {"found": [one.model_dump() for one in found], "left": [one.model_dump() for one in left]}
        say(json.dumps(told))
    else:
        for one in found:
            say(str(one))
        say(_summary(len(found), len(left), repair=repair))
    if any(one.kind not in {"leftover", "row"} for one in left):
        raise typer.Exit(1)


def _summary(found: int, left: int, *, repair: bool) -> str:
    if not found:
        return "Everything is there and is what was written."
    things = f"{found} thing{'s' if found > 1 else ''}"
    return (
        f"{things} found; {left} left after mending." if repair else f"{things} found: --repair mends them."
    )
