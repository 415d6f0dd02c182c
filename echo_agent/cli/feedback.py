"""``echo-agent feedback``: say what parts really were, and let the memory learn it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, MemoryOption, alone, only_with
from echo_agent.cli.printing import say
from echo_agent.cli.progress import progress_bar
from echo_agent.errors import KnowledgeError, ProductError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from echo_agent.evaluation.told import Told
    from echo_agent.inspector import Inspector
    from echo_agent.memory.answers import Feedback
    from echo_agent.memory.feedback import Said

app = typer.Typer()


@app.command()
def feedback(
    images: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[IMAGE|DIR|CSV]...",
            help="Photographs, folders of them, or tables with the columns image and label.",
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            help="What the parts are: normal, defective or the defect's name. Of a table's words: WORD=good."
        ),
    ] = None,
    product: Annotated[str | None, typer.Option(help="Their product.")] = None,
    defect_type: Annotated[str | None, typer.Option(help="Name of the defect type.")] = None,
    new_type: Annotated[
        bool, typer.Option("--new-type", help="Take a defect type that the product's card does not have.")
    ] = False,
    who: Annotated[str, typer.Option(help="Who says so.")] = "",
    comment: Annotated[str, typer.Option(help="Anything else.")] = "",
    learn: Annotated[
        bool, typer.Option("--learn", help="Good: a new reference, calibrated anew. Defective: an exemplar.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last answer back, or that of --id.")] = False,
    feedback_id: Annotated[str | None, typer.Option("--id", help="Id of the answer to take back.")] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the answers, and which of them the memory goes by.")
    ] = False,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Say what a part really was; list or take back what was said.

    A table has a line for each photograph: image (its path) and label (good, or the defect's name), and where wanted
    type, product, who and comment. Nothing is recorded before all lines are read.
    """
    said_of_parts = {
        "photographs": images,
        "--label": label,
        "--defect-type": defect_type,
        "--new-type": new_type,
        "--who": who,
        "--comment": comment,
        "--learn": learn,
    }
    if listed:
        alone("--list", said_of_parts | {"--undo": undo, "--id": feedback_id})
        _show(_listed(memory, product), as_json=as_json)
        return
    from echo_agent.evaluation.told import read_told
    from echo_agent.inspector import Inspector
    from echo_agent.memory.feedback import remember_all
    from echo_agent.memory.feedback import undo as take_back

    if undo:
        alone(
            "--undo",
            said_of_parts | {"--product": product},
            "it takes the last answer back, or that of --id, which echo-agent feedback --list tells",
        )
        _show([take_back(Inspector.open(memory, create=False).memory, feedback_id)], as_json=as_json)
        return
    only_with("--undo", undo, {"--id": feedback_id})
    if not images:
        raise ProductError(
            "say which photograph is what: echo-agent feedback IMAGE --label normal (or defective)"
        )
    usual = {"product": product, "defect_type": defect_type, "who": who, "comment": comment}
    told = read_told(images, label or [], usual)
    inspector = Inspector.open(memory, create=False)
    said = []
    with progress_bar("Inspecting") as progress:
        for done, one in enumerate(told, start=1):
            said.append(_said(inspector, one, learn=learn, new_type=new_type))
            progress(done, len(told))
    _show(remember_all(inspector.memory, said), as_json=as_json)


def _said(inspector: "Inspector", told: "Told", *, learn: bool, new_type: bool) -> "Said":
    """Inspects a photograph, for what Echo proposes, and puts what the person says beside it."""
    from echo_agent.knowledge.defect_types import known_defect_type
    from echo_agent.knowledge.guidance import find_card
    from echo_agent.memory.answers import human_answer
    from echo_agent.memory.feedback import Said
    from echo_agent.settings import process_settings

    memory = inspector.memory
    image = memory.store_image(told.path, told.product)
    verdict = inspector.inspect(image, product=told.product, record=False)
    product = told.product or verdict.product
    defect_type = told.defect_type if told.label == "defective" else None
    if defect_type is not None and product is not None and not new_type:
        card = find_card(product, process_settings().knowledge, memory.card(product))
        try:
            defect_type = known_defect_type(card.card if card is not None else None, defect_type)
        except KnowledgeError as error:
            raise KnowledgeError(f"{told.path}: {error} Or --new-type takes it as it is") from error
    answer = human_answer(
        action="accept" if verdict.label == told.label else "correct",
        label=told.label,
        defect_type=defect_type,
        who=told.who,
        comment=told.comment,
        remember=learn,
    )
    return Said(product, image, verdict.label, answer, name=str(told.path))


def _listed(memory: Path, product: str | None) -> "list[Feedback]":
    """The answers of a memory; its encoder is not needed for that."""
    from echo_agent.memory.answers import answers
    from echo_agent.memory.catalog import existing, named, open_database
    from echo_agent.names import spelled

    database = open_database(memory.expanduser().resolve())
    products = existing(database).records
    with database.reading() as connection:
        said = answers(connection, database.folder, None if product is None else spelled(product))
    if product is not None and not said:
        named(product, products)
    return said


def _show(said: "Sequence[Feedback]", *, as_json: bool) -> None:
    from echo_agent.report.table import answer_table

    if as_json:
        for one in said:
            say(one.model_dump_json())
    else:
        say(answer_table(said) if said else "Nobody has said anything yet.")
