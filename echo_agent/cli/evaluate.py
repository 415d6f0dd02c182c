"""``echo-agent evaluate``: measure Echo on labelled image folders and on the MMAD benchmark."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from echo_agent import __version__
from echo_agent.cli.options import (
    EXPERTS,
    CategoriesArgument,
    EncoderOption,
    EncodersOption,
    ExpertsOption,
    JsonOption,
    LabelsOption,
    MaxEscapeOption,
    MaxFalseRejectOption,
    MinConfidenceOption,
    MllmOption,
    ProfileOption,
    experts_named,
    number_list,
    read_told,
)
from echo_agent.cli.printing import say
from echo_agent.cli.progress import progress_bar
from echo_agent.context import Context
from echo_agent.evaluation.folder import FolderResult, FolderRun, FolderSettings, evaluate_category
from echo_agent.evaluation.folder_summary import markdown_table, summarise

if TYPE_CHECKING:
    from echo_agent.inspector import Inspector

app = typer.Typer(help="Measure Echo on labelled images.", no_args_is_help=True)


@app.callback()
def evaluate() -> None:
    """Measure Echo on labelled images."""


@app.command()
def folder(
    places: CategoriesArgument,
    *,
    shots: Annotated[str, typer.Option(help="References to register; several with commas.")] = "4",
    seed: Annotated[
        str, typer.Option("--seed", "--seeds", help="Seeds that choose the references: 0 or 0-4.")
    ] = "0",
    encoder: EncoderOption = None,
    mllm: MllmOption = None,
    encoders: EncodersOption = "retry",
    profile: ProfileOption = "adaptive",
    experts: ExpertsOption = EXPERTS,
    max_false_reject: MaxFalseRejectOption = None,
    max_escape: MaxEscapeOption = None,
    min_confidence: MinConfidenceOption = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep a line a photograph here; a run that was stopped goes on."),
    ] = None,
    label: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Inspect the test photographs of datasets' categories and print how well it went."""
    from echo_agent.resources import Resources

    counts, seeds = number_list(shots, least=1), number_list(seed)
    context = Context(
        profile=profile,
        experts=experts_named(experts),
        encoders=encoders,
        max_false_reject=max_false_reject,
        max_escape=max_escape,
        min_confidence=min_confidence,
    )
    settings = FolderSettings(
        revision=__version__,
        encoder=encoder,
        mllm=mllm,
        profile=profile,
        experts=context.experts,
        encoders=encoders,
        strictness=Resources(context).strictness(None),
    )
    run = FolderRun(out, settings) if out is not None else None
    results: list[tuple[int, FolderResult]] = []
    for category in read_told(places, label):
        for count in counts:
            if len(category.normals) < count:
                say(
                    f"{category.name} has {len(category.normals)} normals, fewer than {count} shots: all are used",
                    err=True,
                )
            for number in seeds:
                with progress_bar(f"inspect {category.name}, {count} shots, seed {number}") as progress:
                    result = evaluate_category(
                        category,
                        shots=count,
                        seed=number,
                        open_inspector=lambda memory: open_inspector(memory, encoder, mllm, context),
                        run=run,
                        progress=progress,
                    )
                results.append((count, result))
    if len(results) == 1:
        say(results[0][1].model_dump_json() if as_json else _as_text(results[0][1]))
        return
    runs = summarise(results)
    say(runs.model_dump_json() if as_json else markdown_table(runs))


@app.command()
def mmad(
    root: Annotated[Path, typer.Argument(help="Folder with mmad.json and the images.")],
    *,
    mllm: Annotated[str, typer.Option(help="Decision Maker; 'measured' needs no model.")] = "measured",
    shots: Annotated[int, typer.Option(min=1, help="Templates an image.")] = 1,
    references: Annotated[
        Literal["random", "similar", "memory"],
        typer.Option(help="Templates: drawn at random, similar, or a memory of all."),
    ] = "random",
    profile: Annotated[
        Literal["adaptive", "paper", "bare"],
        typer.Option(help="Echo's own ways, the paper's recipe, or the bare model."),
    ] = "adaptive",
    experts: ExpertsOption = EXPERTS,
    max_false_reject: MaxFalseRejectOption = None,
    max_escape: MaxEscapeOption = None,
    min_confidence: MinConfidenceOption = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Questions at most, evenly over subtasks.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of that choice.")] = 0,
    encoder: EncoderOption = None,
    knowledge: Annotated[
        Path | None, typer.Option(help="MMAD's domain_knowledge.json (default: the one in ROOT, if any).")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep answers and figures here; a run that was stopped goes on."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the questions of the MMAD benchmark and count the answers by its rules."""
    from echo_agent.evaluation.mmad import MmadRun
    from echo_agent.evaluation.mmad_run import RunSettings
    from echo_agent.resources import Resources

    said = Context(max_false_reject=max_false_reject, max_escape=max_escape, min_confidence=min_confidence)
    wanted = RunSettings(
        mllm=mllm,
        shots=shots,
        references=references,
        profile=profile,
        experts=experts_named(experts),
        limit=limit,
        seed=seed,
        encoder=encoder,
        strictness=Resources(said).strictness(None),
    )
    with ExitStack() as stack:
        place = out or Path(stack.enter_context(TemporaryDirectory(prefix="echo-mmad-")))
        run = MmadRun.open(root, place, wanted, knowledge=knowledge)
        with progress_bar("check") as progress:
            check = run.check(progress)
        for line in check.in_words():
            say(line, err=True)
        with progress_bar("register") as progress:
            run.prepare(progress)
        with progress_bar("ask") as progress:
            result = run.ask_all(progress)
    say(result.model_dump_json() if as_json else result.as_text())
    kept = (
        f"answers and figures are in {out}"
        if out
        else "nothing was kept: --out DIR keeps answers and figures"
    )
    say(kept, err=True)


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
    """Compare runs of the benchmark: a Markdown table with intervals and paired differences."""
    from echo_agent.evaluation import comparison

    found = comparison.compare_runs(comparison.read_runs(runs), seed=seed)
    if plot is not None:
        comparison.plot(found, plot)
    say(found.model_dump_json() if as_json else comparison.as_markdown(found))


def open_inspector(memory: Path, encoder: str | None, mllm: str | None, context: Context) -> "Inspector":
    """Opens an inspector on an empty memory folder (imported here: it brings torch and Chroma)."""
    from echo_agent.inspector import Inspector

    return Inspector.open(memory, encoder=encoder, mllm=mllm, context=context)


def _as_text(result: FolderResult) -> str:
    rows = [
        (name, f"{value:.4g}" if isinstance(value, float) else "-" if value is None else str(value))
        for name, value in result.model_dump().items()
    ]
    return "\n".join(f"{name:<18} {value}" for name, value in rows)
