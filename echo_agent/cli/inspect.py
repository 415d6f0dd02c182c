"""``echo-agent inspect``: photographs in, verdicts out, one after the other."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from echo_agent.cli.options import (
    EXPERTS,
    MEMORY_OF_THE_SETTINGS,
    EncodersOption,
    ExpertsOption,
    JsonOption,
    MaxEscapeOption,
    MaxFalseRejectOption,
    MemoryOption,
    MinConfidenceOption,
    MllmOption,
    ProfileOption,
    RecordOption,
    RecursiveOption,
    experts_named,
)
from echo_agent.cli.progress import progress_bar
from echo_agent.errors import EchoError

if TYPE_CHECKING:
    from echo_agent.state import ImageRef, Verdict

app = typer.Typer()


@app.command()
def inspect(
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE|DIR|GLOB|LIST.csv|-...",
            help="Photographs, folders of them, a pattern in quotes, a CSV file with a column 'image', or - for "
            "paths on standard input.",
        ),
    ],
    product: Annotated[
        str | None, typer.Option(help="Product that they show (default: the one that they resemble).")
    ] = None,
    question: Annotated[str | None, typer.Option(help="A question about each part.")] = None,
    mllm: MllmOption = None,
    encoders: EncodersOption = "retry",
    experts: ExpertsOption = EXPERTS,
    profile: ProfileOption = "adaptive",
    max_false_reject: MaxFalseRejectOption = None,
    max_escape: MaxEscapeOption = None,
    min_confidence: MinConfidenceOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Write a run into this folder: a line a photograph, pictures with maps. The same command goes on "
            "where it stopped.",
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that inspect a run.")] = 1,
    part_id: Annotated[
        str | None,
        typer.Option(
            "--part-id",
            metavar="REGEX",
            help="What in a path is the part's id: a run's views of one part are put together, and it takes its worst.",
        ),
    ] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write an HTML page with pictures, maps and verdicts.")
    ] = None,
    recursive: RecursiveOption = False,
    record: RecordOption = True,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Judge photographs: normal, defective or review.

    Where one of several cannot be read or judged, it is named on stderr, the others are inspected, and the exit
    code is 1.
    """
    from echo_agent.cli.batch import BatchOptions, found_photographs, inspect_into_run, told
    from echo_agent.context import Context

    context = Context(
        experts=experts_named(experts),
        profile=profile,
        mllm=mllm,
        record=record,
        encoders=encoders,
        max_false_reject=max_false_reject,
        max_escape=max_escape,
        min_confidence=min_confidence,
    )
    if out is not None:
        inspect_into_run(
            BatchOptions(
                sources=images,
                out=out,
                memory=memory,
                product=product,
                question=question,
                context=context,
                workers=workers,
                part_id=part_id,
                page=page,
                as_json=as_json,
                recursive=recursive,
            )
        )
        return
    from echo_agent.inspector import Inspector
    from echo_agent.report.page import Entry, write_page
    from echo_agent.report.words import described, tally
    from echo_agent.runs.drift import DriftWatch
    from echo_agent.runs.promise import broken_promises
    from echo_agent.state import flat_verdict

    photographs, bad = found_photographs(images, recursive=recursive)
    inspector = Inspector.open(memory, create=False, context=context)
    if product is not None:
        inspector.memory.product(product)
    entries: list[Entry] = []
    watch = DriftWatch(inspector.memory)
    inspected: list[tuple[ImageRef, Verdict]] = []
    with progress_bar("Inspecting", shown=not sys.stdout.isatty()) as progress:
        for done, photograph in enumerate(photographs, start=1):
            try:
                image = inspector.memory.store_image(photograph.name, product)
                verdict = inspector.inspect(image, product=product, question=question, name=photograph.name)
            except EchoError as error:
                bad += told(error, photograph.name)
                continue
            finally:
                progress(done, len(photographs))
            if as_json:
                typer.echo(json.dumps({"image": photograph.name} | flat_verdict(verdict), allow_nan=False))
            else:
                typer.echo(described(verdict, photograph.name) + "\n")
            inspected.append((image, verdict))
            watch.add(image, verdict)
            if page is not None:
                entries.append(
                    Entry.of(Path(image.uri), verdict, inspector.memory, name=photograph.path.name)
                )
    if page is not None:
        write_page(page, entries, title=f"{len(entries)} inspected")
    if not as_json and len(photographs) > 1:
        typer.echo(tally([verdict.label for _, verdict in inspected], bad))
    for noticed in (*broken_promises(inspector.memory, inspected), *watch.alarms):
        typer.echo(f"echo-agent: {noticed}", err=True)
    if bad:
        raise typer.Exit(1)
