"""``echo-agent show`` and ``replay``: one inspection with all that it rests on, and made again."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, MemoryOption
from echo_agent.cli.printing import say
from echo_agent.errors import RecordError

if TYPE_CHECKING:
    from echo_agent.memory.answers import Feedback
    from echo_agent.memory.chain import ChainReport
    from echo_agent.memory.inspections import InspectionRecord

app = typer.Typer()
replay_app = typer.Typer()

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="Id of an inspection, or SHA-256 of its photograph.")
]


@app.command()
def show(
    name: IdArgument, memory: MemoryOption = MEMORY_OF_THE_SETTINGS, as_json: JsonOption = False
) -> None:
    """Show an inspection with all that it rests on.

    Photograph, versions, model, settings, prompts, attempts, what people said of it, and whether its record was
    changed.
    """
    from echo_agent.memory.answers import answers
    from echo_agent.memory.catalog import existing, open_database
    from echo_agent.memory.inspections import Inspections

    database = open_database(memory.expanduser().resolve())
    existing(database)
    inspections = Inspections(database)
    record = inspections.find(name)
    if record is None:
        raise RecordError(f"there is no inspection {name[:80]} in {memory}: echo-agent records lists them")
    with database.reading() as connection:
        said = [
            one for one in answers(connection, database.folder) if one.image.sha256 == record.image.sha256
        ]
    chain = inspections.check()
    say(json.dumps(_full(record, said, chain)) if as_json else _told(record, said, chain))


@replay_app.command()
def replay(
    name: IdArgument, memory: MemoryOption = MEMORY_OF_THE_SETTINGS, as_json: JsonOption = False
) -> None:
    """Make an inspection again: the same verdict, or what has changed.

    With the photograph, product, question and settings of the record; nothing is recorded. The exit code is 1 where the
    verdict is another one.
    """
    from echo_agent.runs.replay import replay as make_again

    again = make_again(memory, name)
    if as_json:
        say(json.dumps(again.model_dump(mode="json") | {"same": again.same}))
    else:
        say(str(again))
    if not again.same:
        raise typer.Exit(1)


def _full(record: "InspectionRecord", said: "list[Feedback]", chain: "ChainReport") -> dict[str, Any]:
    people = [one.model_dump(mode="json") for one in said]
    return record.model_dump(mode="json") | {"people": people, "changed": list(_changed(record, chain))}


def _changed(record: "InspectionRecord", chain: "ChainReport") -> list[str]:
    return [sentence for sentence in chain.changed if record.id in sentence]


def _told(record: "InspectionRecord", said: "list[Feedback]", chain: "ChainReport") -> str:
    from echo_agent.report.words import attempted, described

    verdict, made = record.verdict, record.made
    by = verdict.decided_by
    rows = {
        "inspection": f"{record.id}, {record.when}",
        "photograph": f"{record.called}, {record.image.width} x {record.image.height}, SHA-256 {record.image.sha256}",
        "product": f"{verdict.product or 'unknown'}, version {verdict.memory_version} of its memory",
        "encoder": verdict.evidence.encoder if verdict.evidence is not None else "none",
        "decided by": " ".join(part for part in (by.name, by.model, by.revision, by.dtype) if part),
    }
    if made is not None:
        rows["knowledge card"] = f"SHA-256 {made.card}" if made.card else "none"
        rows["settings"] = ", ".join(f"{key} {_plain(value)}" for key, value in made.settings.items())
        rows["question"] = made.question.text if made.question is not None else "none"
        rows["Echo"] = made.echo
    changed = _changed(record, chain)
    rows["record"] = "; ".join(changed) if changed else "as it was written"
    lines = [f"{name:<15} {value}" for name, value in rows.items()]
    lines += ["", described(verdict, record.called), ""]
    for attempt in verdict.attempts:
        lines.append(f"attempt {attempt.number}: {attempted(attempt)}")
        lines += [f"  | {line}" for line in attempt.prompt.splitlines()]
    for one in said:
        state = f", taken back {one.undone}" if one.undone else ""
        lines.append(f"{one.answer.who or 'a person'}, {one.answer.when}: {one.label}{state}")
    return "\n".join(lines)


def _plain(value: object) -> str:
    return "+".join(str(part) for part in value) if isinstance(value, list) else str(value)
