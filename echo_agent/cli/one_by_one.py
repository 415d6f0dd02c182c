"""Inspecting without a run: what ``echo-agent inspect`` does where no ``--out`` is given."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from echo_agent.cli.batch import found_photographs, told
from echo_agent.cli.printing import say
from echo_agent.cli.progress import progress_bar
from echo_agent.cli.run_options import InspectOptions
from echo_agent.errors import EchoError
from echo_agent.names import printable, readable

if TYPE_CHECKING:
    from echo_agent.state import ImageRef, Verdict


def inspect_one_by_one(options: InspectOptions) -> None:
    """Inspects photographs, and says each verdict as it comes.

    Raises:
        Exit: Code 1 where a photograph or a source could not be read or judged.
    """
    from echo_agent.inspector import Inspector
    from echo_agent.report.entry import Entry
    from echo_agent.report.page import write_page
    from echo_agent.report.words import described, tally
    from echo_agent.runs.drift import DriftWatch
    from echo_agent.runs.lot import judged_as_a_lot
    from echo_agent.runs.promise import MIN_PARTS, broken_lately, broken_promises
    from echo_agent.state import flat_verdict

    photographs, bad = found_photographs(options.sources, recursive=options.recursive)
    inspector = Inspector.open(options.memory, create=False, context=options.context)
    product, question = options.product, options.question
    if product is not None:
        inspector.memory.product(product)
    if options.lot:
        photographs = judged_as_a_lot(photographs, inspector, product)
    entries: list[Entry] = []
    watch = DriftWatch(inspector.memory)
    inspected: list[tuple[ImageRef, Verdict]] = []
    with progress_bar("Inspecting", shown=not sys.stdout.isatty()) as progress:
        for done, photograph in enumerate(photographs, start=1):
            try:
                image = inspector.memory.store_image(photograph.name, product)
                verdict = inspector.inspect(
                    image, product=product, question=question, name=photograph.name, lot=photograph.lot
                )
            except EchoError as error:
                bad += told(error, photograph.name)
                continue
            finally:
                progress(done, len(photographs))
            if options.as_json:
                say(json.dumps({"image": photograph.name} | flat_verdict(verdict), allow_nan=False))
            else:
                say(described(verdict, printable(readable(photograph.name), keep="")) + "\n")
            inspected.append((image, verdict))
            watch.add(image, verdict)
            if options.page is not None:
                entries.append(
                    Entry.of(Path(image.uri), verdict, inspector.memory, name=photograph.path.name)
                )
    if options.page is not None:
        write_page(options.page, entries, title=f"{len(entries)} inspected")
    if not options.as_json and len(photographs) > 1:
        say(tally([verdict.label for _, verdict in inspected], bad))
    few = options.context.record and len(inspected) < MIN_PARTS
    broken = broken_lately(inspector.memory) if few else broken_promises(inspector.memory, inspected)
    for noticed in (*broken, *watch.alarms):
        say(f"echo-agent: {noticed}", err=True)
    if bad:
        raise typer.Exit(1)
