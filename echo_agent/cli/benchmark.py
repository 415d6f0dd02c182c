"""``echo-agent benchmark``: what decisions cost on this machine, and how well poor photographs are told."""

import json
import random
from pathlib import Path
from typing import Annotated, Literal

import typer

from echo_agent.cli import benchmark_talk
from echo_agent.cli.number_list import number_list
from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, MemoryOption

app = typer.Typer()
app.command()(benchmark_talk.conversation)
app.command()(benchmark_talk.server)


@app.callback()
def benchmark() -> None:
    """Measure what decisions cost on this machine, and how well poor photographs are told from sound ones."""


@app.command()
def mllm(
    init: Annotated[
        Literal["random", "pretrained"], typer.Option(help="Random weights cost the same, and mean nothing.")
    ] = "random",
    config: Annotated[
        str, typer.Option(help="With random weights: Qwen3-VL-100M, -2B or -8B; else an id or a folder.")
    ] = "Qwen3-VL-8B",
    repeats: Annotated[int, typer.Option(min=1, help="Measurements of each; the median counts.")] = 5,
    batch: Annotated[int, typer.Option(min=1, help="Decisions a batch.")] = 8,
    as_json: JsonOption = False,
) -> None:
    """Choice-scored decisions a second, single and batched, against writing 64 tokens, and peak memory."""
    from echo_agent.evaluation.mllm_benchmark import benchmark as measure
    from echo_agent.evaluation.random_mllm import random_checkpoint
    from echo_agent.mllm.checkpoint import CheckpointSpec, load
    from echo_agent.settings import process_settings

    settings = process_settings()
    if init == "random":
        checkpoint = random_checkpoint(config, device=settings.device, dtype=settings.mllm_dtype)
    else:
        checkpoint = load(CheckpointSpec.from_settings(config))
    found = measure(checkpoint, repeats=repeats, batch=batch)
    if as_json:
        typer.echo(json.dumps(found.model_dump(), allow_nan=False))
        return
    typer.echo(
        f"{found.model}, {found.parameters / 1e9:.2f} billion weights in {found.dtype}, {found.machine}"
    )
    typer.echo(f"prompt of {found.prompt_tokens} tokens: {found.prefill:.3f} s")
    typer.echo(f"4 choices in 4 orders: {found.scored:.3f} s ({found.scored_over_prefill:.2f} x)")
    typer.echo(f"64 tokens written: {found.written:.3f} s")
    typer.echo(
        f"decisions a second: {found.verdicts_per_second:.2f} single, "
        f"{found.batched_verdicts_per_second:.2f} in batches of {found.batch}"
    )
    typer.echo(f"peak memory: {found.memory_gib:.1f} GiB")


@app.command()
def quality(
    category_dirs: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Categories, folders of them, or CSV files.")
    ],
    *,
    shots: Annotated[
        list[int] | None,
        typer.Option(min=1, help="References to draw; may be given again (default: 4 and 16)."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Draws of the references.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Share of good photographs that are refused as poor, and of spoiled ones that are caught: a Markdown table."""
    from echo_agent.cli.progress import progress_bar
    from echo_agent.evaluation.folder_layout import read_categories
    from echo_agent.evaluation.image_quality import markdown_table, measure_quality

    categories = read_categories(category_dirs)
    runs = [(category, count) for count in shots or (4, 16) for category in categories]
    results = []
    with progress_bar("image quality") as progress:
        for done, (category, count) in enumerate(runs, start=1):
            results.append(measure_quality(category, shots=count, seeds=seeds))
            progress(done, len(runs))
    if as_json:
        typer.echo(json.dumps([result.model_dump() for result in results], allow_nan=False))
        return
    for count in shots or (4, 16):
        chosen = [found for found, run in zip(results, runs, strict=True) if run[1] == count]
        typer.echo(f"{count} shots\n\n{markdown_table(chosen)}\n")


@app.command()
def inspections(
    images: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of photographs of the product.")],
    product: Annotated[str, typer.Option(help="Registered product that they show.")],
    mllm: Annotated[
        str | None, typer.Option(help="Decision Maker (default: ECHO_MLLM, else measured).")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Photographs at most.")] = 8,
    rounds: Annotated[int, typer.Option(min=1, help="Measurements of each; the median counts.")] = 5,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Inspections a second, one after the other and together, as ``Inspector.inspect_many`` runs them."""
    from echo_agent.context import Context
    from echo_agent.evaluation.inspection_benchmark import benchmark_inspections
    from echo_agent.vision.image import list_images

    found = benchmark_inspections(
        memory, Context(mllm=mllm), product, list_images(images)[:limit], rounds=rounds
    )
    if as_json:
        typer.echo(json.dumps(found.model_dump(), allow_nan=False))
        return
    typer.echo(
        f"{found.images} inspections on {found.machine}: {found.single:.2f} a second one by one, "
        f"{found.together:.2f} together ({found.gain:.2f} x by the processor, {found.wall_gain:.2f} x by the clock)"
    )


@app.command()
def patchcore(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Categories, folders of them, or CSV files.")
    ],
    *,
    shots: Annotated[str, typer.Option(help="Numbers of references, with commas.")] = "4,16",
    seeds: Annotated[str, typer.Option(help="Seeds that choose them: 0,1 or 0-4.")] = "0-4",
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


@app.command()
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
    encoder: Annotated[str | None, typer.Option(help="Image encoder; the embedded one if not given.")] = None,
    as_json: JsonOption = False,
) -> None:
    """What thresholds promise, held against unseen normals over many random draws of references."""
    from echo_agent.cli.progress import progress_bar
    from echo_agent.evaluation import solar_cells
    from echo_agent.evaluation.calibration_draws import as_text, measure_calibration
    from echo_agent.evaluation.folder_layout import read_categories
    from echo_agent.settings import process_settings
    from echo_agent.vision.encoder import load_encoder
    from echo_agent.vision.image import load_image

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


@app.command()
def evidence(
    place: Annotated[Path, typer.Argument(metavar="DIR", help="A category, as evaluate folder reads it.")],
    *,
    references: Annotated[str, typer.Option(help="Numbers of references, with commas.")] = "4,16,64",
    images: Annotated[int, typer.Option(min=1, help="Test photographs to look at, at most.")] = 16,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is looked at.")] = 3,
    encoder: Annotated[str | None, typer.Option(help="Image encoder; the embedded one if not given.")] = None,
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


@app.command()
def ablation(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Categories, folders of them, or CSV files.")
    ],
    *,
    shots: Annotated[str, typer.Option(help="Numbers of references, with commas.")] = "4,16",
    seeds: Annotated[str, typer.Option(help="Seeds that choose them: 0,1 or 0-4.")] = "0-4",
    encoder: Annotated[str | None, typer.Option(help="Image encoder; the embedded one if not given.")] = None,
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


@app.command()
def one_shot(
    category_dirs: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Categories, folders of them, or CSV files.")
    ],
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
