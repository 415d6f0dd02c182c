"""``echo-agent threshold``: what a product's references allow, and what a threshold costs."""

from pathlib import Path
from typing import Annotated

import typer

from echo_agent.cli.options import (
    MEMORY_OF_THE_SETTINGS,
    JsonOption,
    LabelsOption,
    MaxEscapeOption,
    MaxFalseRejectOption,
    MemoryOption,
    read_told,
)
from echo_agent.cli.progress import progress_bar
from echo_agent.context import Context
from echo_agent.strictness import StrictnessSettings

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
    label: LabelsOption = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the scores into this .png or .svg file.")] = None,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Show what a product's references allow and a threshold costs; set how strict it is.

    Scores are those of the first look. With --labelled the costs in false rejects and escapes are counted.
    """
    from echo_agent.evaluation import threshold_report
    from echo_agent.evaluation.threshold_choice import choose_thresholds, score_labelled
    from echo_agent.resources import Resources, open_memory

    opened = open_memory(memory)
    if settings or unset:
        own = opened.product(product).strictness.changed(settings or (), unset or ())
        opened.set_strictness(product, own)
    context = Context(max_false_reject=max_false_reject, max_escape=max_escape)
    strictness = Resources(context, memory=opened).strictness(product)
    scores = None
    if labelled is not None:
        (category,) = read_told([labelled], label, one=True, product=opened.product(product))
        with progress_bar(f"score {category.name}") as progress:
            scores = score_labelled(opened, product, category, progress=progress)
    found = choose_thresholds(opened, product, strictness=strictness, labelled=scores)
    if plot is not None:
        threshold_report.plot(found, plot)
    typer.echo(found.model_dump_json() if as_json else threshold_report.as_text(found))
