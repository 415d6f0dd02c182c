"""``echo-agent products``: what the memory knows."""

import json
from typing import Annotated

import typer

from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, MemoryOption
from echo_agent.cli.printing import say

app = typer.Typer(invoke_without_command=True)


@app.callback()
def products(
    ctx: typer.Context, memory: MemoryOption = MEMORY_OF_THE_SETTINGS, as_json: JsonOption = False
) -> None:
    """List the registered products and their versions, or go back to one."""
    ctx.obj = memory
    if ctx.invoked_subcommand is not None:
        return
    from echo_agent.memory.catalog import existing, open_database
    from echo_agent.report.table import product_table

    records = existing(open_database(memory.expanduser().resolve())).records
    if as_json:
        say(json.dumps([record.model_dump(mode="json") for record in records], allow_nan=False))
    elif records:
        say(product_table(records))
    else:
        say(f"No product is registered in {memory}: echo-agent register PRODUCT DIR registers one.")


@app.command()
def history(
    ctx: typer.Context,
    product: Annotated[str, typer.Argument(help="Name of the product.")],
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """List all versions of a product, newest first: the first is the one that counts."""
    from echo_agent.memory import catalog
    from echo_agent.report.table import version_table

    versions = catalog.history(catalog.open_database(memory.expanduser().resolve()), product)
    if as_json:
        say(json.dumps([record.model_dump(mode="json") for record in versions], allow_nan=False))
    else:
        say(version_table(versions))


@app.command()
def restore(
    ctx: typer.Context,
    product: Annotated[str, typer.Argument(help="Name of the product.")],
    version: Annotated[int, typer.Argument(help="Version to go back to; products history lists them.")],
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Go back to an earlier version of a product: it becomes a new one, and none is lost."""
    from echo_agent.report.words import registered
    from echo_agent.resources import open_memory

    record = open_memory(memory).restore(product, version)
    say(record.model_dump_json() if as_json else registered(record, memory))


@app.command()
def remove(
    ctx: typer.Context,
    product: Annotated[str, typer.Argument(help="Name of the product.")],
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
) -> None:
    """Remove a product with its references and all its versions."""
    from echo_agent.resources import open_memory

    open_memory(memory).remove(product)
    say(f"{product} is removed from {memory}.")
