"""``echo-agent export``: the tables of a run."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from echo_agent.cli.printing import say

app = typer.Typer()

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Folder that inspect --out wrote.")]


class Format(StrEnum):
    """Formats of a table."""

    CSV = "csv"
    CSV_SEMICOLON = "csv-semicolon"
    PARQUET = "parquet"
    XLSX = "xlsx"


@app.command()
def export(
    run: RunArgument,
    *,
    kind: Annotated[
        Format,
        typer.Option(
            "--format",
            help="csv-semicolon has decimal commas, for spreadsheets with German settings; parquet and xlsx need the "
            "extra 'tables'.",
        ),
    ] = Format.CSV,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the parts go (default: into the run's folder).")
    ] = None,
) -> None:
    """Write a run's tables: one row a part, one row a region."""
    from echo_agent.runs.export import export_run
    from echo_agent.runs.record import read_record

    read_record(run)
    for file in export_run(run, kind.value, out):
        say(file)
