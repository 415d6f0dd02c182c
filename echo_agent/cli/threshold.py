"""``echo-agent threshold``: what a product's references allow, and what a threshold costs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from echo_agent.cli.options import (
    MEMORY_OF_THE_SETTINGS,
    JsonOption,
    LabelsOption,
    MaxEscapeOption,
    MaxFalseRejectOption,
    MemoryOption,
    alone,
    only_with,
    read_told,
)
from echo_agent.cli.printing import say
from echo_agent.cli.progress import progress_bar
from echo_agent.context import Context
from echo_agent.strictness import StrictnessSettings

if TYPE_CHECKING:
    from echo_agent.runs.what_if import WhatIf

LISTED = 20
"""Changed inspections that are listed; ``--json`` gives all."""

app = typer.Typer()


@app.command()
def threshold(
    product: Annotated[str, typer.Argument(help="Name of the product.")],
    *,
    labelled: Annotated[
        Path | None,
        typer.Option(help="Labelled photographs: a category as evaluate folder reads it, or a CSV file."),
    ] = None,
    max_false_reject: MaxFalseRejectOption = None,
    max_escape: MaxEscapeOption = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help=f"Keep with the product how strict it is: {', '.join(StrictnessSettings.model_fields)}.",
        ),
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option("--unset", metavar="NAME", help="Keep a setting no longer.")
    ] = None,
    who: Annotated[str, typer.Option(help="Who sets it; kept with the time.")] = "",
    what_if: Annotated[
        bool,
        typer.Option(
            "--what-if",
            help="Show what --max-false-reject would have changed in the last thousand inspections.",
        ),
    ] = False,
    label: LabelsOption = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the scores into this .png or .svg file.")] = None,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Show what a product's references allow and a threshold costs; set how strict it is.

    Scores are those of the first look. With --labelled the costs in false rejects and escapes are counted.
    """
    if what_if:
        others = {"--set": settings, "--unset": unset, "--labelled": labelled, "--plot": plot}
        alone("--what-if", others | {"--max-escape": max_escape}, "it asks about --max-false-reject alone")
    only_with("--set or --unset", settings or unset, {"--who": who})
    only_with("--labelled", labelled, {"--label": label})
    from echo_agent.evaluation import threshold_report
    from echo_agent.evaluation.threshold_choice import choose_thresholds, score_labelled
    from echo_agent.resources import Resources, open_memory
    from echo_agent.runs import what_if as runs_what_if

    opened = open_memory(memory)
    if settings or unset:
        own = opened.product(product).strictness.changed(settings or (), unset or ())
        opened.set_strictness(product, own, who)
    context = Context(max_false_reject=max_false_reject, max_escape=max_escape)
    strictness = Resources(context, memory=opened).strictness(product)
    if what_if:
        tried = runs_what_if.what_if(opened, product, strictness.max_false_reject)
        say(tried.model_dump_json() if as_json else _changed(tried))
        return
    scores = None
    if labelled is not None:
        (category,) = read_told([labelled], label, one=True, product=opened.product(product))
        with progress_bar(f"score {category.name}") as progress:
            scores = score_labelled(opened, product, category, progress=progress)
    found = choose_thresholds(opened, product, strictness=strictness, labelled=scores)
    if plot is not None:
        threshold_report.plot(found, plot)
    say(found.model_dump_json() if as_json else threshold_report.as_text(found))


def _changed(tried: "WhatIf") -> str:
    """What a rate would have changed, with the first inspections that it would have."""
    lines = [str(tried)]
    lines += [
        f"  {change.id}  {change.called}: {change.before}, would be {change.after}"
        for change in tried.changes[:LISTED]
    ]
    more = len(tried.changes) - LISTED
    return "\n".join(lines + ([f"  and {more} more; --json lists all"] if more > 0 else []))
