"""``echo-agent inspect``: photographs in, verdicts out, one after the other."""

from pathlib import Path
from typing import Annotated

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
    only_with,
)
from echo_agent.cli.run_options import (
    CsvOption,
    EngineOption,
    InspectOptions,
    LotOption,
    MoveOption,
    MqttOption,
    ParquetOption,
    PartIdOption,
    RunOption,
    Sinks,
    SortOption,
    SourcesArgument,
    WatchOption,
    WebhookOption,
    WorkersOption,
    XlsxOption,
)

app = typer.Typer()


@app.command()
def inspect(
    images: SourcesArgument = None,
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
    lot: LotOption = False,
    out: RunOption = None,
    workers: WorkersOption = 1,
    engine: EngineOption = "local",
    part_id: PartIdOption = None,
    watch: WatchOption = None,
    sort_into: SortOption = None,
    move: MoveOption = False,
    webhook: WebhookOption = None,
    mqtt: MqttOption = None,
    csv: CsvOption = None,
    parquet: ParquetOption = None,
    xlsx: XlsxOption = None,
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
    from echo_agent.cli.batch import inspect_into_run
    from echo_agent.cli.one_by_one import inspect_one_by_one
    from echo_agent.context import Context

    tables = tuple(
        (kind, file) for kind, file in (("csv", csv), ("parquet", parquet), ("xlsx", xlsx)) if file
    )
    options = InspectOptions(
        sources=images or (),
        memory=memory,
        product=product,
        question=question,
        context=Context(
            experts=experts_named(experts),
            profile=profile,
            mllm=mllm,
            record=record,
            encoders=encoders,
            max_false_reject=max_false_reject,
            max_escape=max_escape,
            min_confidence=min_confidence,
        ),
        page=page,
        as_json=as_json,
        recursive=recursive,
        watch=watch,
        workers=workers,
        engine=engine,
        part_id=part_id,
        lot=lot,
        sinks=Sinks(sort_into, move, webhook, mqtt, tables),
    )
    if not options.sources and watch is None:
        raise typer.BadParameter("name photographs, or a folder to --watch", param_hint="IMAGE")
    only_with("--sort-into", sort_into, {"--move": move})
    if lot and watch is not None:
        raise typer.BadParameter(
            "a lot is judged when all of it is there: give its photographs", param_hint="--watch"
        )
    if out is not None:
        inspect_into_run(options, out)
        return
    if options.needs_a_run:
        raise typer.BadParameter("these options are of a run: name its folder", param_hint="--out")
    inspect_one_by_one(options)
