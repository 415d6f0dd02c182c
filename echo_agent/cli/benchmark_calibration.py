"""``echo-agent benchmark calibration`` and ``one-shot``: what thresholds promise, held against good parts."""

import json
import random
from pathlib import Path
from typing import Annotated, Literal

import typer

from echo_agent.cli.options import CategoriesArgument, EncoderOption, JsonOption


def calibration(
    places: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DIR]...", help="Categories; the normals of elpv-dataset (extra demo) if not given."
        ),
    ] = None,
    *,
    shots: Annotated[int, typer.Option(min=2, help="References a draw.")] = 16,
    draws: Annotated[int, typer.Option(min=1, help="Random draws of the references.")] = 200,
    unseen: Annotated[int, typer.Option(min=1, help="Unseen normals that are scored a draw.")] = 100,
    cells: Annotated[
        Literal["mono", "poly", "all"], typer.Option(help="Which cells of elpv-dataset.")
    ] = "mono",
    normals: Annotated[int | None, typer.Option(min=1, help="Normals to draw from, at most.")] = None,
    max_false_reject: Annotated[float, typer.Option(min=0.001, max=0.999, help="Wanted rate.")] = 0.10,
    encoder: EncoderOption = None,
    as_json: JsonOption = False,
) -> None:
    """What thresholds promise, held against unseen normals over many random draws of references."""
    from echo_agent.cli.progress import progress_bar
    from echo_agent.evaluation import solar_cells
    from echo_agent.evaluation.calibration_draws import as_text, measure_calibration
    from echo_agent.evaluation.folder_layout import read_categories
    from echo_agent.images.decoding import load_image
    from echo_agent.settings import process_settings
    from echo_agent.vision.encoder import load_encoder

    if places:
        pools = {
            category.name: sorted(
                {*category.normals, *(test.path for test in category.tests if not test.defective)}
            )
            for category in read_categories(places)
        }
    else:
        kind = None if cells == "all" else cells
        pools = {f"elpv {cells}": solar_cells.cells(solar_cells.data_folder(), kind)[0]}
    settings = process_settings()
    loaded = load_encoder(encoder or settings.encoder, settings.device)
    results = {}
    for name, pool in pools.items():
        chosen = pool if normals is None else random.Random(0).sample(pool, min(normals, len(pool)))
        images = [load_image(path) for path in chosen]
        with progress_bar(f"draw from {name}") as progress:
            results[name] = measure_calibration(
                images,
                loaded,
                shots=shots,
                draws=draws,
                unseen=unseen,
                max_false_reject=max_false_reject,
                progress=progress,
            )
    if as_json:
        typer.echo(json.dumps({name: found.model_dump() for name, found in results.items()}, allow_nan=False))
        return
    typer.echo("\n".join(as_text(name, found) for name, found in results.items()))


def one_shot(
    category_dirs: CategoriesArgument,
    *,
    photographs: Annotated[int, typer.Option(min=3, help="Good photographs of each product at most.")] = 12,
    seed: Annotated[int, typer.Option(help="Seed of their choice.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Log scores of good parts against a single reference, by product and together: a Markdown table."""
    from echo_agent.cli.progress import progress_bar
    from echo_agent.evaluation.folder_layout import read_categories
    from echo_agent.evaluation.one_shot_normals import measure_category, pool
    from echo_agent.settings import process_settings
    from echo_agent.vision.encoder import load_encoder

    settings = process_settings()
    encoder = load_encoder(settings.encoder, settings.device)
    found = []
    for category in read_categories(category_dirs):
        with progress_bar(category.name) as progress:
            found.append(
                measure_category(category, encoder, photographs=photographs, seed=seed, progress=progress)
            )
    pooled = pool(found) if len(found) > 1 else None
    if as_json:
        products = [one.model_dump() for one in found]
        together = pooled.model_dump() if pooled is not None else None
        typer.echo(json.dumps({"products": products, "together": together}, allow_nan=False))
        return
    typer.echo("| product | pairs | mean log score | spread |\n|---|---:|---:|---:|")
    for one in found:
        typer.echo(f"| {one.name} | {one.pairs} | {one.mean:.3f} | {one.spread:.3f} |")
    if pooled is not None:
        typer.echo(f"| {pooled.products} products together | | {pooled.mean:.3f} | {pooled.spread:.3f} |")
