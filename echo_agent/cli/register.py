"""``echo-agent register``: photographs of good parts become a product."""

from pathlib import Path
from typing import Annotated, Any

import typer

from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, MemoryOption, RecursiveOption
from echo_agent.cli.printing import say
from echo_agent.cli.progress import progress_bar

app = typer.Typer()


@app.command()
def register(
    product: Annotated[
        str, typer.Argument(help="Name of the product; one that there is gets more references.")
    ],
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Folder of photographs of good parts.")
    ] = None,
    shots: Annotated[
        int | None, typer.Option(min=1, help="How many of them to take, drawn by the seed (default: all).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of that draw.")] = 0,
    knowledge: Annotated[
        Path | None, typer.Option(help="Knowledge card, or its folder with documents beside it.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put them in the place of those registered before.")
    ] = False,
    forget_learnt: Annotated[
        bool, typer.Option("--forget-learnt", help="Forget what people's answers taught of the product.")
    ] = False,
    depth: Annotated[
        str | None,
        typer.Option(
            help="Black and white of photographs of more than 8 bits: bits (12) or values (0..1); else found out."
        ),
    ] = None,
    recursive: RecursiveOption = False,
    tiles: Annotated[
        bool | None,
        typer.Option(
            "--tiles/--no-tiles",
            help="Look at large photographs in tiles of 256 pixels too, for small defects (else as the card says).",
            show_default=False,
        ),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="Image encoder of a new memory (default: ECHO_ENCODER, else the embedded one)."),
    ] = None,
    add_encoder: Annotated[
        bool,
        typer.Option(
            "--add-encoder",
            help="Let the second encoder (ECHO_SECOND_ENCODER) see the references that the product has, without DIR.",
        ),
    ] = False,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Show Echo photographs of good parts of a product."""
    from echo_agent.inspector import Inspector
    from echo_agent.report.words import registered
    from echo_agent.vision.tiles import NATIVE

    options: dict[str, Any] = {
        "shots": shots,
        "seed": seed,
        "knowledge": knowledge,
        "replace": replace,
        "forget_learnt": forget_learnt,
        "depth": depth,
        "recursive": recursive,
        "tiles": None if tiles is None else NATIVE * tiles,
    }
    usual = dict.fromkeys(options) | {"seed": 0, "replace": False, "forget_learnt": False, "recursive": False}
    if add_encoder and (folder is not None or options != usual):
        raise typer.BadParameter("--add-encoder takes the references that the product has: give it alone")
    if folder is None and not add_encoder:
        raise typer.BadParameter("give DIR, the folder of photographs of good parts")
    with progress_bar(f"Registering {product}") as progress:
        inspector = Inspector.open(memory, encoder=encoder, create=not add_encoder)
        if folder is None:
            record = inspector.memory.add_encoder(product, progress)
        else:
            record = inspector.register(product, folder, **options, progress=progress)
    say(record.model_dump_json() if as_json else registered(record, memory))
