"""``echo-agent threshold``: what a product's references allow, and what a threshold costs."""

from pathlib import Path
from typing import Annotated

import typer

from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, LabelsOption, MemoryOption, read_told
from echo_agent.cli.progress import progress_bar

app = typer.Typer()


@app.command()
def threshold(
    product: Annotated[str, typer.Argument(help="Name of the product.")],
    *,
    labelled: Annotated[
        Path | None,
        typer.Option(help="Labelled photographs: a category as evaluate folder reads it, or a CSV file."),
    ] = None,
    max_false_reject: Annotated[
        float,
        typer.Option(min=0.0001, max=0.9999, help="Wanted share of good parts that are called defective."),
    ] = 0.10,
    max_escape: Annotated[
        float,
        typer.Option(
            min=0.0001, max=0.9999, help="Wanted share of defective parts called normal (with --labelled)."
        ),
    ] = 0.10,
    label: LabelsOption = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the scores into this .png or .svg file.")] = None,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Show what a product's references allow, and what a threshold costs.

    Scores are those of the first look. With --labelled the costs in false rejects and escapes are counted.
    """
    from echo_agent.evaluation import threshold_report
    from echo_agent.evaluation.threshold_choice import choose_thresholds, score_labelled
    from echo_agent.resources import open_memory

    opened = open_memory(memory)
    scores = None
    if labelled is not None:
        (category,) = read_told([labelled], label, one=True, product=opened.product(product))
        with progress_bar(f"score {category.name}") as progress:
            scores = score_labelled(opened, product, category, progress=progress)
    found = choose_thresholds(
        opened, product, max_false_reject=max_false_reject, max_escape=max_escape, labelled=scores
    )
    if plot is not None:
        threshold_report.plot(found, plot)
    typer.echo(found.model_dump_json() if as_json else threshold_report.as_text(found))
