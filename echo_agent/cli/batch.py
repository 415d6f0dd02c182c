"""Inspecting into a run: what ``echo-agent inspect --out`` does."""

import sys
from collections.abc import Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from echo_agent.cli.printing import say
from echo_agent.cli.progress import counting_bar
from echo_agent.cli.run_options import InspectOptions
from echo_agent.errors import EchoError, ImageError
from echo_agent.names import printable

if TYPE_CHECKING:
    from echo_agent.runs.batch import Left
    from echo_agent.runs.engine import Engine
    from echo_agent.runs.folder import RunFolder
    from echo_agent.runs.line import Line
    from echo_agent.runs.photograph import Photograph
    from echo_agent.runs.record import RunSettings
    from echo_agent.runs.station import Station

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


def inspect_into_run(options: InspectOptions, out: Path) -> None:
    """Inspects what the run does not hold yet, and tells how it went.

    Raises:
        Exit: Code 1 where a photograph or a source could not be read, 130 after Ctrl-C.
    """
    from echo_agent.runs.batch import Left, in_batches, inspect_batch, stopped_by_signals
    from echo_agent.runs.drift import DriftWatch
    from echo_agent.runs.drift_of_run import DriftOfRun
    from echo_agent.runs.folder import RunFolder
    from echo_agent.runs.lot import judged_as_a_lot
    from echo_agent.runs.record import changed_standards, run_in_words
    from echo_agent.runs.station import Station
    from echo_agent.runs.watch import Watch

    settings = _settings(options)
    station = Station.open(settings)
    if options.product is not None:
        station.inspector.memory.product(options.product)
    engine = _engine(options, settings, station)
    photographs, bad = found_photographs(options.sources, recursive=options.recursive)
    if photographs and not out.exists() and not any(one.path.exists() for one in photographs):
        raise ImageError(f"{photographs[0].path} does not exist: check the path")
    with stopped_by_signals() as stop, closing(RunFolder(out, settings, station.standards())) as run:
        watch = None
        if options.watch is not None:
            sorted_into = options.sinks.sort_into or out
            watch = Watch(options.watch, run, stop, apart=(out, sorted_into))
        before = len(run)
        new = [photograph for photograph in photographs if not run.knows(photograph)]
        if before:
            known = f"{len(new)} are new" if watch is None else f"what arrives in {options.watch} is added"
            _say(f"{out} holds {before} already, {known}")
            for changed in changed_standards(run.record.sessions):
                _say(changed)
        if options.lot:
            lot = judged_as_a_lot(photographs, station.inspector, options.product, options.part_id)
            new = [photograph for photograph in lot if not run.knows(photograph)]
        observers = options.sinks.open(run, _say)
        observers.append(DriftOfRun(DriftWatch(station.inspector.memory), _say, seen=before))
        batches = chain(in_batches(new, run), watch.batches() if watch is not None else ())
        with counting_bar("Inspecting", None if watch is not None else len(new)) as progress:
            for line in inspect_batch(run, station, engine, batches, observers=observers, stop=stop):
                progress(len(run) - before, run.counts)
                bad += _tell(line, options.as_json)
                if watch is not None and isinstance(line, Left):
                    watch.try_later(line.photograph)
        if not options.as_json:
            say(run_in_words(run.record, run.folder))
        if stop.is_set() and watch is None:
            _say(f"stopped with {len(new) - (len(run) - before)} left: the same command goes on there")
        _tell_all(run, options, station)
    if stop.is_set() and watch is None:
        raise typer.Exit(INTERRUPTED)
    if bad:
        raise typer.Exit(1)


def _engine(options: InspectOptions, settings: "RunSettings", station: "Station") -> "Engine":
    from echo_agent.runs.engine import Here, Workers
    from echo_agent.runs.on_ray import OnRay

    if options.engine == "ray":
        return OnRay(settings, options.workers)
    return Here(station) if options.workers == 1 else Workers(settings, options.workers)


def _settings(options: InspectOptions) -> "RunSettings":
    from echo_agent.memory.published import origin
    from echo_agent.resources import open_memory
    from echo_agent.runs.photograph import PartIds
    from echo_agent.runs.record import RunSettings
    from echo_agent.settings import process_settings

    PartIds(options.part_id)
    memory = open_memory(options.memory)
    place = origin(memory.folder) or str(memory.folder)
    named = {"memory": place, "mllm": options.context.mllm or process_settings().mllm}
    return RunSettings(
        memory=place,
        encoder=memory.encoder_name,
        product=options.product,
        question=options.question,
        part_id=options.part_id,
        lot=options.lot,
        context=options.context.model_copy(update=named),
    )


def found_photographs(sources: Sequence[str], *, recursive: bool = False) -> "tuple[list[Photograph], int]":
    """Returns the photographs that the sources name, each once, and how many sources name none."""
    from echo_agent.runs.sources import photographs_of

    found: dict[Path, Photograph] = {}
    bad = 0
    for source in sources:
        try:
            found |= {
                photograph.path: photograph
                for photograph in photographs_of(source, sys.stdin, recursive=recursive)
            }
        except EchoError as error:
            bad += told(error)
    return list(found.values()), bad


def told(error: EchoError | str, name: str | None = None) -> int:
    """Tells an error in one line on stderr, before it the photograph's name where the error may not name it."""
    where = f"{printable(name, keep='')}: " if name is not None and not isinstance(error, ImageError) else ""
    _say(f"{where}{' '.join(str(error).split())}")
    return 1


def _tell(line: "Line | Left", as_json: bool) -> int:
    """Prints a line where no bar is shown for it; returns how many photographs could not be read or judged."""
    from echo_agent.runs.batch import Left
    from echo_agent.state.notation import headline

    if isinstance(line, Left):
        return told(line.error, line.photograph.name)
    if as_json:
        say(line.to_json())
    elif not sys.stdout.isatty():
        product = f" [{line.verdict.product}]" if line.verdict.product else ""
        say(f"{printable(line.image, keep='')}{product}: {headline(line.verdict)}")
    return told(line.error) if line.error is not None else 0


def _say(what: object) -> None:
    say(f"echo-agent: {what}", err=True)


def _tell_all(run: "RunFolder", options: InspectOptions, station: "Station") -> None:
    """Tells of promises that do not hold over the run, and writes its page where one was asked for."""
    from echo_agent.runs.promise import broken_promises
    from echo_agent.runs.record import read_lines
    from echo_agent.runs.report import report_of_run

    judged = ((line.reference, line.verdict) for line in read_lines(run.folder) if line.reference is not None)
    for broken in broken_promises(station.inspector.memory, judged):
        _say(broken)
    if options.page is not None:
        report_of_run(run.folder, options.page)
