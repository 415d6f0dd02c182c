"""``echo-agent knowledge``: check, start, import and describe knowledge cards."""

from pathlib import Path
from typing import Annotated

import typer

from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, MemoryOption
from echo_agent.cli.printing import say

app = typer.Typer(no_args_is_help=True, help="Check, start and import knowledge cards.")
import_app = typer.Typer(no_args_is_help=True, help="Turn domain knowledge of other projects into cards.")
app.add_typer(import_app, name="import")

FolderOption = Annotated[
    Path, typer.Option("--folder", "-f", help="Folder that the cards go into.", file_okay=False)
]
HERE = Path("knowledge")


@app.command()
def check(
    path: Annotated[
        Path | None, typer.Argument(help="A card, or a folder of cards (default: those that come with Echo).")
    ] = None,
) -> None:
    """Check cards; what is wrong is told with file, line and remedy."""
    from echo_agent.card_files import CARD_FILE
    from echo_agent.errors import KnowledgeError
    from echo_agent.knowledge.loader import SHIPPED_CARDS, check_card, check_folder

    place = path or SHIPPED_CARDS
    if place.is_dir() and not (place / CARD_FILE).is_file():
        cards, problems = check_folder(place)
        if not cards and not problems:
            raise KnowledgeError(
                f"there is no card below {place}: name a {CARD_FILE} or a folder that holds some"
            )
    else:
        loaded, problems = check_card(place)
        cards = [loaded] if loaded is not None else []
    for card in cards:
        for line in _beside(card.file):
            say(line)
    for problem in problems:
        say(str(problem), err=True)
    from echo_agent.state.notation import counted

    say(f"{counted(len(cards), 'card')} in order, {len(problems)} to mend.")
    if problems:
        raise typer.Exit(1)


def _beside(card: Path) -> list[str]:
    """Tells what was read beside a card, and what was not."""
    from echo_agent.card_files import CARD_FILE
    from echo_agent.knowledge.documents import read_documents, unread_beside
    from echo_agent.state.notation import counted

    read = read_documents(card.parent) if card.name == CARD_FILE else {}
    told = [f"{file}: {counted(len(passages), 'passage')}" for file, passages in read.items()]
    return told + [f"{file}: not read; save it as Markdown, text, CSV or PDF" for file in unread_beside(card)]


@app.command()
def decline(
    product: Annotated[str, typer.Argument(help="Name of a registered product.")],
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
) -> None:
    """Do without the card that is taken for a product because of its name: it gets an empty one of its own."""
    from echo_agent.card_files import CARD_FILE
    from echo_agent.knowledge.scaffold import empty_card
    from echo_agent.memory import drafts
    from echo_agent.resources import open_memory

    opened = open_memory(memory)
    files = {CARD_FILE: empty_card(opened.product(product).name).encode()}
    record = opened.change(product, lambda base, answers: drafts.with_domain_knowledge(base, answers, files))
    say(f"{record.name} has an empty card of its own now, version {record.version}.")


@app.command()
def new(
    product: Annotated[str, typer.Argument(help="Name of the product.")],
    folder: FolderOption = HERE,
) -> None:
    """Write a commented card to fill in."""
    from echo_agent.knowledge.scaffold import new_card

    file = new_card(product, folder)
    say(f"{file} is written: fill it in, then run echo-agent knowledge check {file}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of card.yaml, for editors that complete and check YAML."""
    from echo_agent.knowledge.card_yaml import card_json_schema

    typer.echo(card_json_schema(), nl=False)


@import_app.command()
def mmad(
    file: Annotated[Path, typer.Argument(help="MMAD's domain_knowledge.json.")],
    folder: FolderOption = HERE,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace cards that are there already.")
    ] = False,
) -> None:
    """Turn MMAD's domain knowledge into one card a class."""
    from echo_agent.knowledge.mmad_import import import_mmad

    files = import_mmad(file, folder, overwrite=overwrite)
    say(f"{len(files)} cards are written to {folder}.")
