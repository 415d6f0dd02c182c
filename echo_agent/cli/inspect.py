"""``echo-agent inspect``: photographs in, verdicts out, one after the other."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from echo_agent.cli.lazy import one_line
from echo_agent.cli.options import (
    EXPERTS,
    MEMORY_OF_THE_SETTINGS,
    EncodersOption,
    ExpertsOption,
    JsonOption,
    MemoryOption,
    MllmOption,
    ProfileOption,
    RecordOption,
    RecursiveOption,
    experts_named,
)
from echo_agent.cli.progress import progress_bar
from echo_agent.errors import EchoError, ImageError

if TYPE_CHECKING:
    from echo_agent.state import ImageRef, Verdict

app = typer.Typer()


@app.command()
def inspect(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE|DIR...", help="Photographs, or folders of them.")
    ],
    product: Annotated[
        str | None, typer.Option(help="Product that they show (default: the one that they resemble).")
    ] = None,
    question: Annotated[str | None, typer.Option(help="A question about each part.")] = None,
    mllm: MllmOption = None,
    encoders: EncodersOption = "retry",
    experts: ExpertsOption = EXPERTS,
    profile: ProfileOption = "adaptive",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Save each photograph with its anomaly map here.")
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
    from echo_agent.context import Context
    from echo_agent.inspector import Inspector
    from echo_agent.report.page import Entry, write_page
    from echo_agent.report.pictures import Pictures
    from echo_agent.report.words import described, tally
    from echo_agent.runs.drift import DriftWatch
    from echo_agent.runs.promise import broken_promises
    from echo_agent.state import flat_verdict

    paths, bad = _photographs(images, recursive=recursive)
    context = Context(experts=experts_named(experts), profile=profile, encoders=encoders)
    inspector = Inspector.open(memory, mllm=mllm, create=False, context=context, record=record)
    if product is not None:
        inspector.memory.product(product)
    pictures = Pictures(inspector.memory, out) if out is not None else None
    entries: list[Entry] = []
    watch = DriftWatch(inspector.memory)
    inspected: list[tuple[ImageRef, Verdict]] = []
    with progress_bar("Inspecting", shown=not sys.stdout.isatty()) as progress:
        for done, path in enumerate(paths, start=1):
            try:
                image = inspector.memory.store_image(path, product)
                verdict = inspector.inspect(image, product=product, question=question, name=str(path))
            except EchoError as error:
                bad += _told(error, path)
                continue
            finally:
                progress(done, len(paths))
            saved = pictures.save(Path(image.uri), verdict, name=path.name) if pictures is not None else None
            if as_json:
                typer.echo(json.dumps({"image": str(path)} | flat_verdict(verdict), allow_nan=False))
            else:
                typer.echo(described(verdict, str(path), saved) + "\n")
            inspected.append((image, verdict))
            watch.add(image, verdict)
            if page is not None:
                entries.append(Entry.of(Path(image.uri), verdict, inspector.memory, name=path.name))
    if page is not None:
        write_page(page, entries, title=f"{len(entries)} inspected")
    if not as_json and len(paths) > 1:
        typer.echo(tally([verdict.label for _, verdict in inspected], bad))
    for broken in broken_promises(inspector.memory, inspected):
        typer.echo(f"echo-agent: {broken}", err=True)
    for drift in watch.alarms:
        typer.echo(f"echo-agent: {drift}", err=True)
    if bad:
        raise typer.Exit(1)


def _photographs(given: list[Path], *, recursive: bool) -> tuple[list[Path], int]:
    """Returns the photographs below ``given`` in order, and how many of ``given`` hold none."""
    paths: list[Path] = []
    bad = 0
    for path in given:
        try:
            paths.extend(_below(path, recursive=recursive))
        except EchoError as error:
            bad += _told(error)
    return paths, bad


def _below(path: Path, *, recursive: bool) -> Iterator[Path]:
    from echo_agent.images.listing import list_images

    if path.is_dir():
        yield from list_images(path, recursive=recursive)
    else:
        yield path


def _told(error: EchoError, path: Path | None = None) -> int:
    where = f"{path}: " if path is not None and not isinstance(error, ImageError) else ""
    typer.echo(f"echo-agent: {where}{one_line(error)}", err=True)
    return 1
