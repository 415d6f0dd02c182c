"""``echo-agent feedback``: say what a part really was, and let the memory learn it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, MemoryOption
from echo_agent.errors import ProductError

if TYPE_CHECKING:
    from echo_agent.memory.answers import Feedback

app = typer.Typer()


@app.command()
def feedback(
    image: Annotated[Path | None, typer.Argument(metavar="[IMAGE]", help="Photograph of the part.")] = None,
    label: Annotated[str | None, typer.Option(help="What the part is: normal or defective.")] = None,
    product: Annotated[str | None, typer.Option(help="Its product.")] = None,
    defect_type: Annotated[str | None, typer.Option(help="Name of the defect type.")] = None,
    who: Annotated[str, typer.Option(help="Who says so.")] = "",
    comment: Annotated[str, typer.Option(help="Anything else.")] = "",
    learn: Annotated[
        bool, typer.Option("--learn", help="Good: a new reference, calibrated anew. Defective: an exemplar.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last answer back, or that of --id.")] = False,
    feedback_id: Annotated[str | None, typer.Option("--id", help="Id of the answer to take back.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the answers.")] = False,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Say what a part really was; list or take back what was said."""
    from echo_agent.inspector import Inspector
    from echo_agent.memory import feedback as answers
    from echo_agent.memory.answers import now

    inspector = Inspector.open(memory, create=False)
    if listed:
        for said in answers.recorded(inspector.memory, product):
            typer.echo(said.model_dump_json() if as_json else _told(said))
        return
    if undo:
        back = answers.undo(inspector.memory, feedback_id)
        typer.echo(back.model_dump_json() if as_json else f"Taken back: {_told(back)}")
        return
    if image is None or label not in {"normal", "defective"}:
        raise ProductError(
            "say which photograph is what: echo-agent feedback IMAGE --label normal (or defective)"
        )
    from echo_agent.state import HumanAnswer

    verdict = inspector.inspect(image, product=product)
    action = "accept" if verdict.label == label else "correct"
    answer = HumanAnswer.model_validate(
        {
            "action": action,
            "label": label,
            "defect_type": defect_type,
            "who": who,
            "when": now(),
            "comment": comment,
            "remember": learn,
        }
    )
    kept = inspector.memory.store_image(image.read_bytes(), product or verdict.product)
    said = answers.remember(inspector.memory, product or verdict.product, kept, verdict.label, answer)
    typer.echo(said.model_dump_json() if as_json else _told(said))


def _told(said: "Feedback") -> str:
    what = f"{said.id} {said.product or 'unknown product'}: {said.label} (Echo: {said.proposed})"
    learnt = f", learnt as {said.learnt}" if said.learnt else ""
    who = f", {said.answer.who}" if said.answer.who else ""
    undone = ", taken back" if said.undone else ""
    return f"{what}{learnt}{who}, {said.answer.when}{undone}"
