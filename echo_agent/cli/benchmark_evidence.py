"""``echo-agent benchmark patchcore``, ``evidence``, ``ablation``: what the comparison is worth, and what it costs."""

import json
import random
from pathlib import Path
from typing import Annotated

import typer

from echo_agent.cli.number_list import number_list
from echo_agent.cli.options import CategoriesArgument, EncoderOption, JsonOption

Shots = Annotated[str, typer.Option(help="Numbers of references, with commas.")]
Seeds = Annotated[str, typer.Option(help="Seeds that choose them: 0,1 or 0-4.")]


def patchcore(
    folders: CategoriesArgument,
    *,
    shots: Shots = "4,16",
    seeds: Seeds = "0-4",
    as_json: JsonOption = False,
) -> None:
    """Echo beside anomalib's PatchCore with the same encoder weights, references and images (extra compare)."""
    counts, chosen = number_list(shots, least=1), number_list(seeds)
    from echo_agent.cli.progress import progress_bar
    from echo_agent.evaluation.folder_layout import read_categories
    from echo_agent.evaluation.patchcore_comparison import compare_with_patchcore
    from echo_agent.evaluation.patchcore_result import markdown_table

    categories = read_categories(folders)
    for category in categories:
        for count in counts:
            if len(category.normals) < count:
                typer.echo(
                    f"{category.name} has {len(category.normals)} normals: left out at {count} shots",
                    err=True,
                )
    with progress_bar("compare") as progress:
        found = compare_with_patchcore(categories, shots=counts, seeds=chosen, progress=progress)
    typer.echo(found.model_dump_json() if as_json else markdown_table(found))


def evidence(
    place: Annotated[Path, typer.Argument(metavar="DIR", help="A category, as evaluate folder reads it.")],
    *,
    references: Annotated[str, typer.Option(help="Numbers of references, with commas.")] = "4,16,64",
    images: Annotated[int, typer.Option(min=1, help="Test photographs to look at, at most.")] = 16,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is looked at.")] = 3,
    encoder: EncoderOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the first look at an image costs: decode, encode, compare, map and regions, by number of references."""
    counts = number_list(references, least=1)
    from echo_agent.cli.progress import progress_bar
    from echo_agent.evaluation.evidence_benchmark import benchmark_evidence, markdown_table
    from echo_agent.evaluation.folder_layout import read_categories
    from echo_agent.settings import process_settings
    from echo_agent.vision.encoder import load_encoder

    categories = read_categories([place])
    if len(categories) > 1:
        names = ", ".join(category.name for category in categories)
        raise typer.BadParameter(f"{place} holds several categories ({names}): name one")
    settings = process_settings()
    loaded = load_encoder(encoder or settings.encoder, settings.device)
    tests = [test.path for test in categories[0].tests]
    chosen = random.Random(0).sample(tests, min(images, len(tests)))
    with progress_bar("look") as progress:
        found = benchmark_evidence(
            categories[0].normals, chosen, loaded, references=counts, rounds=rounds, progress=progress
        )
    typer.echo(found.model_dump_json() if as_json else markdown_table(found))


def ablation(
    folders: CategoriesArgument,
    *,
    shots: Shots = "4,16",
    seeds: Seeds = "0-4",
    encoder: EncoderOption = None,
    as_json: JsonOption = False,
) -> None:
    """What each part of the comparison with the references is worth: a Markdown table."""
    counts, chosen = number_list(shots, least=1), number_list(seeds)
    from echo_agent.cli.progress import progress_bar
    from echo_agent.evaluation.ablation import markdown_table, measure_ablation
    from echo_agent.evaluation.folder_layout import read_categories
    from echo_agent.settings import process_settings
    from echo_agent.vision.encoder import load_encoder

    settings = process_settings()
    loaded = load_encoder(encoder or settings.encoder, settings.device)
    categories = read_categories(folders)
    with progress_bar("ablation") as progress:
        rows = measure_ablation(categories, loaded, shots=counts, seeds=chosen, progress=progress)
    if as_json:
        typer.echo(json.dumps([row.model_dump() for row in rows], allow_nan=False))
    else:
        typer.echo(markdown_table(rows))
