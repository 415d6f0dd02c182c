"""``echo-agent bundle`` and ``unbundle``: a product as one file, carried to another machine."""

from pathlib import Path
from typing import Annotated

import typer

from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, MemoryOption
from echo_agent.cli.printing import say

app = typer.Typer()
unbundle_app = typer.Typer()


@app.command()
def bundle(
    product: Annotated[str, typer.Argument(help="Name of the product.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write (default: PRODUCT.echo).")
    ] = None,
    records: Annotated[
        bool, typer.Option(help="Take its inspections along, with photographs that are still there.")
    ] = True,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Write a product into one file, to carry to another machine.

    With its references, banks, knowledge card, people's answers and records; echo-agent unbundle reads it there.
    """
    from echo_agent.memory.bundle import SUFFIX, write_bundle
    from echo_agent.memory.catalog import open_database
    from echo_agent.names import file_name
    from echo_agent.settings import process_settings
    from echo_agent.state.notation import counted

    file = out or Path(f"{file_name(product)}{SUFFIX}")
    database = open_database(memory.expanduser().resolve())
    written = write_bundle(database, product, file, records=records)
    if as_json:
        say(written.model_dump_json())
        return
    say(
        f"{file}: {written.product}, version {written.version}, {counted(len(written.files), 'file')}, "
        f"{counted(written.records, 'record')}, {file.stat().st_size / 2**20:.1f} MiB."
    )
    if process_settings().knowledge is not None:
        say(
            "echo-agent: cards of ECHO_KNOWLEDGE stay here: a card goes along where it was registered with the product",
            err=True,
        )


@unbundle_app.command()
def unbundle(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What echo-agent bundle wrote.")],
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Put a product that was carried here into the memory: the same verdicts as there."""
    from echo_agent.memory.bundle import read_bundle
    from echo_agent.state.notation import counted

    read = read_bundle(file, memory.expanduser().resolve())
    if as_json:
        say(read.model_dump_json())
    else:
        say(
            f"{read.product}, version {read.version}, is in {memory}, with {counted(read.records, 'record')}."
        )
