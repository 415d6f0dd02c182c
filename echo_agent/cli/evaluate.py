"""``echo-agent evaluate``: measure Echo on labelled image folders and on the MMAD benchmark."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from echo_agent.cli.options import EXPERTS, EncoderOption, JsonOption, experts_named, number_list
from echo_agent.cli.progress import progress_bar
from echo_agent.evaluation.folder import FolderResult, evaluate_category
from echo_agent.evaluation.folder_layout import read_categories
from echo_agent.evaluation.folder_summary import markdown_table, summarise

if TYPE_CHECKING:
    from echo_agent.inspector import Inspector


class ReferencesChoice(StrEnum):
    """Where the references of ``evaluate mmad`` come from."""

    random = "random"
    similar = "similar"
    memory = "memory"


class ProfileChoice(StrEnum):
    """How the graph of ``evaluate mmad`` is run."""

    adaptive = "adaptive"
    paper = "paper"
    bare = "bare"


app = typer.Typer(help="Measure Echo on labelled images.", no_args_is_help=True)


@app.callback()
def evaluate() -> None:
    """Measure Echo on labelled images."""


@app.command()
def folder(
    places: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR...",
            help="Categories (MVTec AD, AD 2, LOCO, VisA 1cls, flat), folders of them, or CSV files.",
        ),
    ],
    *,
    shots: Annotated[str, typer.Option(help="References to register; several with commas.")] = "4",
    seed: Annotated[
        str, typer.Option("--seed", "--seeds", help="Seeds that choose the references: 0 or 0-4.")
    ] = "0",
    encoder: EncoderOption = None,
    mllm: Annotated[str | None, typer.Option(help="Decision Maker; 'measured' needs no model.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Inspect the test photographs of datasets' categories and print how well it went."""
    counts, seeds = number_list(shots, least=1), number_list(seed)
    categories = read_categories(places)
    results: list[tuple[int, FolderResult]] = []
    for category in categories:
        for count in counts:
            if len(category.normals) < count:
                typer.echo(
                    f"{category.name} has {len(category.normals)} normals, fewer than {count} shots: all are used",
                    err=True,
                )
            for number in seeds:
                with progress_bar(f"inspect {category.name}, {count} shots, seed {number}") as progress:
                    result = evaluate_category(
                        category,
                        shots=count,
                        seed=number,
                        open_inspector=lambda memory: open_inspector(memory, encoder=encoder, mllm=mllm),
                        progress=progress,
                    )
                results.append((count, result))
    if len(results) == 1:
        typer.echo(results[0][1].model_dump_json() if as_json else _as_text(results[0][1]))
        return
    runs = summarise(results)
    typer.echo(runs.model_dump_json() if as_json else markdown_table(runs))


@app.command()
def counts(
    category: Annotated[Path, typer.Argument(metavar="DIR", help="Category with good and test photographs.")],
    *,
    card: Annotated[Path, typer.Option(help="Its knowledge card, with places drawn in the checklist.")],
    truth: Annotated[Path, typer.Option(help="CSV file with the columns sha256 and count.")],
    shots: Annotated[str, typer.Option(help="References to register; several with commas.")] = "16",
    seed: Annotated[
        str, typer.Option("--seed", "--seeds", help="Seeds that choose the references: 0 or 0-4.")
    ] = "0",
    encoder: EncoderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold the counted things of a checklist against their true number, with the photographs' names hidden."""
    from echo_agent.evaluation.counts import evaluate_counts, markdown_table, read_counts

    (chosen,), known = read_categories([category]), read_counts(truth)
    results = []
    for count in number_list(shots, least=1):
        for number in number_list(seed):
            with progress_bar(f"count {chosen.name}, {count} shots, seed {number}") as progress:
                results.append(
                    evaluate_counts(
                        chosen,
                        card=card,
                        truth=known,
                        shots=count,
                        seed=number,
                        open_inspector=lambda memory: open_inspector(memory, encoder=encoder, mllm=None),
                        progress=progress,
                    )
                )
    if as_json:
        for result in results:
            typer.echo(result.model_dump_json())
    else:
        typer.echo(markdown_table(results))


@app.command()
def mmad(
    root: Annotated[Path, typer.Argument(help="Folder with mmad.json and the images.")],
    *,
    mllm: Annotated[str, typer.Option(help="Decision Maker; 'measured' needs no model.")] = "measured",
    shots: Annotated[int, typer.Option(min=1, help="Templates an image.")] = 1,
    references: Annotated[
        ReferencesChoice, typer.Option(help="Templates: drawn at random, similar, or a memory of all.")
    ] = ReferencesChoice.random,
    profile: Annotated[
        ProfileChoice, typer.Option(help="Echo's own ways, the paper's recipe, or the bare model.")
    ] = ProfileChoice.adaptive,
    experts: Annotated[str, typer.Option(help="Experts that take part, with commas.")] = EXPERTS,
    limit: Annotated[int | None, typer.Option(min=1, help="Questions at most, evenly over subtasks.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of that choice.")] = 0,
    encoder: EncoderOption = None,
    knowledge: Annotated[
        Path | None, typer.Option(help="MMAD's domain_knowledge.json (default: the one in ROOT, if any).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; an unfinished one is resumed.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the questions of the MMAD benchmark and count the answers by its rules."""
    from echo_agent.evaluation.mmad import MmadRun

    run = MmadRun.open(
        root,
        out,
        mllm=mllm,
        shots=shots,
        references=references.value,
        profile=profile.value,
        experts=experts_named(experts),
        limit=limit,
        seed=seed,
        encoder=encoder,
        knowledge=knowledge,
    )
    with progress_bar("check") as progress:
        check = run.check(progress)
    for line in check.in_words():
        typer.echo(line, err=True)
    with progress_bar("register") as progress:
        run.prepare(progress)
    with progress_bar("ask") as progress:
        result = run.ask_all(progress)
    typer.echo(result.model_dump_json() if as_json else result.as_text())
    typer.echo(f"answers: {run.file.path}", err=True)


@app.command()
def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Folders of runs; the first is what others are held to.")
    ],
    *,
    plot: Annotated[Path | None, typer.Option(help="Draw the table into this .png or .svg file.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Compare runs of the benchmark: a Markdown table with bootstrap intervals and paired differences."""
    from echo_agent.evaluation import comparison
    from echo_agent.evaluation.mmad_run import read_run

    named = [(folder.resolve().name, read_run(folder)[1]) for folder in runs]
    rows = comparison.compare_runs(named, seed=seed)
    if plot is not None:
        comparison.plot(rows, plot)
    typer.echo(comparison.as_json(rows) if as_json else comparison.as_markdown(rows))


def open_inspector(memory: Path, *, encoder: str | None, mllm: str | None) -> "Inspector":
    """Opens an inspector on an empty memory folder (imported here: it brings torch and Chroma)."""
    from echo_agent.inspector import Inspector

    return Inspector.open(memory, encoder=encoder, mllm=mllm)


def _as_text(result: FolderResult) -> str:
    rows = [
        (name, f"{value:.4g}" if isinstance(value, float) else "-" if value is None else str(value))
        for name, value in result.model_dump().items()
    ]
    return "\n".join(f"{name:<18} {value}" for name, value in rows)
