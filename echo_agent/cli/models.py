"""``echo-agent models``: which Decision Makers there are, and whether one of them works here."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from echo_agent.cli.options import JsonOption, LabelsOption, only_with, read_told
from echo_agent.cli.printing import say
from echo_agent.cli.progress import progress_bar

app = typer.Typer(invoke_without_command=True)


@app.callback()
def models(
    ctx: typer.Context,
    mllm: Annotated[
        str | None, typer.Option(help="Show this model as configured (default: ECHO_MLLM, else measured).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the Decision Makers, or check a model."""
    if ctx.invoked_subcommand is not None:
        return
    from rich.console import Console

    from echo_agent.mllm.catalog import models as listed
    from echo_agent.report.table import plain_table
    from echo_agent.settings import process_settings

    rows = listed(mllm, process_settings())
    if as_json:
        say(json.dumps([row.model_dump() for row in rows]))
        return
    cells = [
        (
            "*" if row.configured else "",
            row.model,
            row.runs_on,
            "yes" if row.ready else "no",
            "; ".join(row.remedies),
        )
        for row in rows
    ]
    head = ("", "model", "runs on", "ready", "remedy")
    say(plain_table(head, cells, width=Console().width))


@app.command()
def check(
    model: Annotated[
        str, typer.Argument(metavar="ID", help="HuggingFace id, folder, URL#model or provider:model.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Labelled photographs of a product, as evaluate folder reads them."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=2, help="Photographs at most, half of them good.")] = None,
    label: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load a model, let it judge good and defective photographs, and show what that is worth and costs."""
    from echo_agent.context import Context
    from echo_agent.device import resolve_device
    from echo_agent.errors import ModelError
    from echo_agent.evaluation.mllm_check import check_model
    from echo_agent.resources import Resources
    from echo_agent.settings import process_settings
    from echo_agent.state.notation import percent

    only_with("--data", data, {"--limit": limit, "--label": label})
    decider = Resources(Context(mllm=model)).decider
    if decider is None:
        raise ModelError("'measured' is no language model: echo-agent evaluate folder DIR checks it")
    category = None if data is None else read_told([data], label, one=True)[0]
    device = resolve_device(process_settings().device)
    with progress_bar("Judging", shown=not as_json or not sys.stdout.isatty()) as progress:
        found = check_model(decider, category, limit=limit, device=device, progress=progress)
    if as_json:
        say(json.dumps(found.model_dump(), allow_nan=False))
        return
    by = found.decided_by
    say(f"{by.model} ({by.revision}, {by.dtype or 'served'}) loads in {found.load_seconds:.1f} s.")
    if found.images:
        say(
            f"{found.images} photographs ({found.unanswered} without an answer, {found.guesses} guessed): "
            f"accuracy {percent(found.accuracy or 0.0)}, "
            f"balanced {percent(found.balanced_accuracy or 0.0)}, calibration error {found.ece:.2f}, "
            f"{found.seconds_per_image:.2f} s each."
        )
    say(f"Peak memory {found.memory_gib:.1f} GiB.")
