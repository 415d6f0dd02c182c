"""``echo-agent products``: what the memory knows."""

import json
from typing import Annotated

import typer

from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, MemoryOption

app = typer.Typer(invoke_without_command=True)


@app.callback()
def products(
    ctx: typer.Context, memory: MemoryOption = MEMORY_OF_THE_SETTINGS, as_json: JsonOption = False
) -> None:
    """List the registered products, or remove one."""
    ctx.obj = memory
    if ctx.invoked_subcommand is not None:
        return
    from echo_agent.memory.catalog import existing, open_database
    from echo_agent.report.table import product_table

    records = existing(open_database(memory.expanduser().resolve())).records
    if as_json:
        typer.echo(json.dumps([record.model_dump(mode="json") for record in records], allow_nan=False))
    elif records:
        typer.echo(product_table(records))
    else:
        typer.echo(f"No product is registered in {memory}: echo-agent register PRODUCT DIR registers one.")


@app.command()
def remove(
    ctx: typer.Context,
    product: Annotated[str, typer.Argument(help="Name of the product.")],
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
) -> None:
    """Remove a product with its references."""
    from echo_agent.memory.memory import open_memory

    open_memory(str(memory)).remove(product)
    typer.echo(f"{product} is removed from {memory}.")
