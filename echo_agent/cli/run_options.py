"""Options of a run, and what stands behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from echo_agent.context import Context

if TYPE_CHECKING:
    from collections.abc import Callable

    from echo_agent.runs.batch import Observer
    from echo_agent.runs.folder import RunFolder

SourcesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="IMAGE|DIR|GLOB|LIST.csv|-...",
        help="Photographs, folders of them, a pattern in quotes, a CSV file with a column 'image', or - for paths on "
        "standard input.",
    ),
]
LotOption = Annotated[
    bool,
    typer.Option(
        "--lot",
        help="Let the parts judge each other: lifts doubts where the lot is clear; what the references reject stays "
        "rejected.",
    ),
]
RunOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="RUN",
        help="Write a run into this folder: a line a photograph, pictures with maps. The same command goes on where "
        "it stopped.",
    ),
]
WorkersOption = Annotated[int, typer.Option(min=1, help="Processes that inspect a run.")]
EngineOption = Annotated[
    Literal["local", "ray"],
    typer.Option(help="Where a run is inspected: on this machine, or by Ray (extra 'ray', RAY_ADDRESS)."),
]
PartIdOption = Annotated[
    str | None,
    typer.Option(
        "--part-id",
        metavar="REGEX",
        help="What in a path is the part's id: a run's views of one part are put together, and it takes its worst.",
    ),
]
WatchOption = Annotated[
    Path | None,
    typer.Option(
        "--watch", metavar="DIR", help="Inspect what arrives in this folder, until Ctrl-C (with --out)."
    ),
]
SortOption = Annotated[
    Path | None,
    typer.Option("--sort-into", metavar="DIR", help="Link each photograph into DIR/LABEL (with --out)."),
]
MoveOption = Annotated[bool, typer.Option("--move", help="Let --sort-into move the photographs.")]
WebhookOption = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Post each line there, signed with ECHO_WEBHOOK_SECRET (with --out)."),
]
MqttOption = Annotated[
    str | None, typer.Option(metavar="URL", help="Publish each line on mqtt://host/topic (with --out).")
]
CsvOption = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Keep the run's tables as CSV (with --out).")
]
ParquetOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Keep the run's tables as Parquet (with --out).")
]
XlsxOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Keep the run's tables as an Excel file (with --out).")
]


@dataclass(frozen=True)
class Sinks:
    """Where the lines of a run go beside its folder.

    Attributes:
        sort_into: Folder of the labels' folders.
        move: Whether photographs are moved there.
        webhook: Address that each line is posted to.
        mqtt: Address and topic that each line is published on.
        tables: Format and file of each table.
    """

    sort_into: Path | None = None
    move: bool = False
    webhook: str | None = None
    mqtt: str | None = None
    tables: tuple[tuple[str, Path], ...] = ()

    def open(self, run: "RunFolder", tell: "Callable[[str], None]") -> "list[Observer]":
        """Opens them for a run.

        Raises:
            EchoError: An address is none, a secret or an extra is missing, a file cannot be written.
        """
        from echo_agent.runs.delivery import Delivery
        from echo_agent.runs.mqtt import Mqtt
        from echo_agent.runs.sorting import Sorter
        from echo_agent.runs.table_sink import TableSink
        from echo_agent.runs.webhook import Webhook
        from echo_agent.settings import process_settings

        opened: list[Observer] = []
        if self.tables:
            opened.append(TableSink(run.folder, self.tables))
        if self.webhook is not None:
            secret = process_settings().webhook_secret.get_secret_value()
            opened.append(Delivery(run.folder, Webhook(self.webhook, secret, run.record.id), tell))
        if self.mqtt is not None:
            opened.append(Delivery(run.folder, Mqtt(self.mqtt), tell))
        if self.sort_into is not None:
            opened.append(Sorter(self.sort_into, move=self.move))
        return opened


@dataclass(frozen=True)
class InspectOptions:
    """What was asked of ``inspect`` on the command line.

    Attributes:
        sources: Where the photographs are named.
        memory: Folder of the memory.
        product: What they show.
        question: What is asked of each.
        context: Settings of the inspections.
        page: HTML page that is written at the end.
        as_json: Whether each verdict is printed as JSON.
        recursive: Whether folders are read with those below.
        watch: Folder that is watched; like all that follows, of a run alone.
        workers: Processes that inspect.
        engine: Where they run: on this machine, or by Ray.
        part_id: Regular expression of a part's id.
        lot: Whether the parts judge each other.
        sinks: Where the lines go beside the run.
    """

    sources: Sequence[str]
    memory: Path
    product: str | None
    question: str | None
    context: Context
    page: Path | None = None
    as_json: bool = False
    recursive: bool = False
    watch: Path | None = None
    workers: int = 1
    engine: Literal["local", "ray"] = "local"
    part_id: str | None = None
    lot: bool = False
    sinks: Sinks = Sinks()

    @property
    def needs_a_run(self) -> bool:
        """Whether something was asked that only a run has."""
        own = self.watch, self.workers, self.engine, self.part_id, self.sinks
        return own != (None, 1, "local", None, Sinks())
