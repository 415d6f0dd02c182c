"""``echo-agent report``: a run as one HTML page."""

from pathlib import Path
from typing import Annotated

import typer

from echo_agent.cli.export import RunArgument
from echo_agent.cli.printing import say

app = typer.Typer()


@app.command()
def report(
    run: RunArgument,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the page goes (default: report.html in the run's folder)."),
    ] = None,
) -> None:
    """Write a run's report: one HTML page with figures, table, pictures and evidence."""
    from echo_agent.runs.report import report_of_run

    say(report_of_run(run, out))
