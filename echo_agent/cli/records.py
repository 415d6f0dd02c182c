"""``echo-agent records``: what was inspected, from every way in, and what waits for a person."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, MemoryOption, alone
from echo_agent.cli.printing import say
from echo_agent.errors import StoreError

if TYPE_CHECKING:
    from echo_agent.memory.answers import Feedback
    from echo_agent.memory.chain import ChainReport
    from echo_agent.memory.inspections import InspectionRecord

app = typer.Typer()

COLUMNS = (
    "id", "when", "photograph", "sha256", "product", "memory_version", "label", "confidence",
    "confidence_calibrated", "defect_type", "score", "threshold", "person_label",
    "person_defect_type", "person", "person_when",
)  # fmt: skip


@app.command()
def records(
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits for a person.")] = False,
    product: Annotated[str | None, typer.Option(help="Only this product.")] = None,
    last: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the newest N (default: all).")
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write them into a table, a line each.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Tell whether a record was changed after it was written.")
    ] = False,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """List what was inspected, and what waits for a person.

    It does not matter from where: the command line, Python, a chat, the server or the page. Newest first.
    """
    if check:
        some = {"--waiting": waiting, "--product": product, "--last": last, "--csv": table}
        alone("--check", some, "it checks all records and answers together")
    from echo_agent.memory.catalog import existing, named, open_database
    from echo_agent.memory.inspections import Inspections
    from echo_agent.names import spelled
    from echo_agent.report.table import record_table
    from echo_agent.state.notation import counted

    database = open_database(memory.expanduser().resolve())
    products = existing(database).records
    inspections = Inspections(database)
    if check:
        _tell_of_the_chain(inspections.check(), as_json=as_json)
        return
    kept = inspections.answered(None if waiting else last, None if product is None else spelled(product))
    if product is not None and not kept:
        named(product, products)
    if waiting:
        open_ones = {record.id for record in inspections.waiting()}
        kept = [(record, said) for record, said in kept if record.id in open_ones][:last]
    if table is not None:
        _write(table, [_row(record, said) for record, said in kept])
    if as_json:
        for record, said in kept:
            say(json.dumps(_full(record, said), allow_nan=False))
    elif table is not None:
        say(f"{counted(len(kept), 'record')}: {table}")
    else:
        nothing = "Nothing waits for a person." if waiting else "Nothing is recorded."
        say(record_table(kept) if kept else nothing)


def _tell_of_the_chain(found: "ChainReport", *, as_json: bool) -> None:
    if as_json:
        say(found.model_dump_json())
    else:
        say(
            f"{found.records} records and answers are as they were written, {found.removed} are no longer kept, "
            f"{found.unchained} are not in the chain. Its head: {found.head or 'none'}"
        )
        for sentence in found.changed:
            say(f"echo-agent: {sentence}", err=True)
    if found.changed:
        raise typer.Exit(1)


def _row(record: "InspectionRecord", said: "Feedback | None") -> tuple[Any, ...]:
    """The values of ``COLUMNS``."""
    verdict = record.verdict
    seen = (
        record.id,
        record.when,
        record.called,
        record.image.sha256,
        verdict.product,
        verdict.memory_version,
    )
    sure = (verdict.confidence, int(verdict.confidence_calibrated))
    found = (verdict.label, *sure, verdict.defect_type, verdict.score, verdict.threshold)
    if said is None:
        return (*seen, *found, None, None, None, None)
    return (*seen, *found, said.label, said.answer.defect_type, said.answer.who, said.answer.when)


def _full(record: "InspectionRecord", said: "Feedback | None") -> dict[str, Any]:
    from echo_agent.state import flat_verdict

    about = {"id": record.id, "when": record.when, "photograph": record.called, "image": record.image.uri}
    person = said.answer.model_dump(mode="json") if said else None
    return about | {"sha256": record.image.sha256} | flat_verdict(record.verdict) | {"person": person}


def _write(file: Path, rows: list[tuple[Any, ...]]) -> None:
    from echo_agent.runs.export import no_formula

    try:
        with file.open("w", encoding="utf-8-sig", newline="") as stream:
            written = [[no_formula(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
            csv.writer(stream).writerows([COLUMNS, *written])
    except OSError as error:
        raise StoreError(f"{file} cannot be written ({error.strerror}): name another file") from error
