"""``echo-agent publish``: a memory at a shared place, for the machines that inspect with it."""

from typing import Annotated

import typer

from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, MemoryOption
from echo_agent.cli.printing import say

app = typer.Typer()


@app.command()
def publish(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Such as s3://bucket/plates or file:///mnt/share/plates.")
    ],
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Publish the memory at a shared place: machines that have it as ECHO_MEMORY inspect with a copy of it.

    Files that lie there already are not sent again; machines take a new version within half a minute.
    """
    from echo_agent.memory.catalog import open_database
    from echo_agent.memory.published import publish
    from echo_agent.state.notation import counted

    published = publish(open_database(memory.expanduser().resolve()), url)
    if as_json:
        say(published.model_dump_json())
        return
    products = ", ".join(f"{name} version {version}" for name, version in published.products.items())
    say(f"{url}: {products or 'no product'}, {counted(len(published.files), 'file')}.")
