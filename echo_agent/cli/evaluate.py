"""``echo-agent evaluate``: measure Echo on labelled image folders and on the MMAD benchmark."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from echo_agent.cli.options import JsonOption
from echo_agent.cli.progress import progress_bar
from echo_agent.evaluation.folder import FolderResult, evaluate_category
from echo_agent.evaluation.folder_layout import read_category

if TYPE_CHECKING:
    from echo_agent.inspector import Inspector

app = typer.Typer(help="Measure Echo on labelled images.", no_args_is_help=True)


@app.callback()
def evaluate() -> None:
    """Measure Echo on labelled images."""


@app.command()
def folder(
    category_dir: Annotated[Path, typer.Argument(help="Folder of one category: train/good, test/<kind>.")],
    *,
    shots: Annotated[int, typer.Option(min=1, help="References to register.")] = 4,
    seed: Annotated[int, typer.Option(help="Seed that chooses the references.")] = 0,
    encoder: Annotated[str | None, typer.Option(help="Image encoder; the embedded one if not given.")] = None,
    mllm: Annotated[str | None, typer.Option(help="Decision Maker; 'measured' needs no model.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Inspect the test photographs of a dataset's category and print how well it went."""
    category = read_category(category_dir)
    if len(category.normals) < shots:
        typer.echo(
            f"{category.name} has {len(category.normals)} normals, fewer than {shots} shots: all are used",
            err=True,
        )

    with progress_bar(f"inspect {category.name}") as progress:
        result = evaluate_category(
            category,
            shots=shots,
            seed=seed,
            open_inspector=lambda memory: open_inspector(memory, encoder=encoder, mllm=mllm),
            progress=progress,
        )
    typer.echo(result.model_dump_json() if as_json else _as_text(result))


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
