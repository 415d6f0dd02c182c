"""``echo-agent benchmark conversation`` and ``server``: what talking costs, on the terminal and on the server."""

from pathlib import Path
from typing import Annotated

import typer

from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, MemoryOption

Photograph = Annotated[Path, typer.Argument(metavar="IMAGE", help="A photograph of the product.")]
Product = Annotated[str | None, typer.Option(help="Product that it shows (default: found out).")]


def conversation(
    image: Photograph,
    product: Product = None,
    rounds: Annotated[int, typer.Option(min=1, help="Threads that are talked through.")] = 5,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """A thread of 20 turns with 5 photographs of 500 kB, as ``echo-agent chat`` keeps it."""
    from echo_agent.chat.conversation_cost import measure_conversation
    from echo_agent.images.decoding import load_image
    from echo_agent.memory.memory import open_memory

    cost = measure_conversation(open_memory(str(memory)), load_image(image), product, rounds=rounds)
    if as_json:
        typer.echo(cost.model_dump_json())
        return
    typer.echo(
        f"{cost.turns} turns with {cost.photographs} photographs of {cost.photograph_bytes / 1e3:.0f} kB: "
        f"{cost.database_bytes / 2**20:.2f} MiB on disk"
    )
    typer.echo(
        f"turn 2: {cost.second_turn * 1e3:.0f} ms, turn {cost.turns}: {cost.last_turn * 1e3:.0f} ms "
        f"({cost.last_turn / cost.second_turn:.2f} x)"
    )


def server(
    image: Photograph,
    product: Product = None,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Start and first events of ``langgraph dev``, and the same conversation on it (extra ``studio``)."""
    from echo_agent.chat.server_cost import measure_server
    from echo_agent.images.decoding import load_image
    from echo_agent.memory.memory import open_memory

    cost = measure_server(open_memory(str(memory)), load_image(image), product)
    if as_json:
        typer.echo(cost.model_dump_json())
        return
    typer.echo(f"/ok after {cost.start:.1f} s")
    typer.echo(
        f"first inspection: first event after {cost.first_event:.2f} s, verdict after {cost.first_verdict:.2f} s "
        "(loads the model)"
    )
    typer.echo(
        f"second inspection: first event after {cost.later_event:.2f} s, verdict after {cost.later_verdict:.2f} s"
    )
    typer.echo(
        f"20 turns with 5 photographs of 518 kB: state {cost.state_bytes / 2**20:.2f} MiB, all checkpoints "
        f"{cost.history_bytes / 2**20:.2f} MiB, on the server's disk {cost.disk_bytes / 2**20:.2f} MiB"
    )
    typer.echo(
        f"turn 2: {cost.second_turn * 1e3:.0f} ms, turn 20: {cost.last_turn * 1e3:.0f} ms "
        f"({cost.last_turn / cost.second_turn:.2f} x)"
    )
