"""``echo-agent config``: the settings in force and how each is set."""

import typer

from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, MemoryOption
from echo_agent.settings import Settings, process_settings

app = typer.Typer()


@app.command()
def config(memory: MemoryOption = MEMORY_OF_THE_SETTINGS, as_json: JsonOption = False) -> None:
    """Show the settings in force."""
    settings = process_settings().model_copy(update={"memory": memory})
    if as_json:
        typer.echo(settings.model_dump_json())
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("variable", "value", "meaning", box=None, pad_edge=False)
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        table.add_row(f"ECHO_{name.upper()}", "-" if value is None else str(value), field.description)
    Console().print(table)
