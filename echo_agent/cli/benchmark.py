"""``echo-agent benchmark``: what decisions cost, how well poor photographs are told; more commands lie beside."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from echo_agent.cli import benchmark_calibration, benchmark_evidence, benchmark_talk
from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, CategoriesArgument, JsonOption, MemoryOption

app = typer.Typer()
for command in (
    benchmark_evidence.patchcore,
    benchmark_evidence.evidence,
    benchmark_evidence.ablation,
    benchmark_calibration.calibration,
    benchmark_calibration.one_shot,
    benchmark_talk.conversation,
    benchmark_talk.server,
):
    app.command()(command)


@app.callback()
def benchmark() -> None:
    """Measure what each part of Echo costs on this machine, and what it is worth."""


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
    category_dirs: CategoriesArgument,
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
    from echo_agent.images.decoding import list_images

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
