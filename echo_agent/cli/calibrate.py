"""``echo-agent calibrate``: make an MLLM's confidence mean something, on labelled photographs or on references."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from echo_agent.cli.options import (
    MEMORY_OF_THE_SETTINGS,
    JsonOption,
    LabelsOption,
    MemoryOption,
    only_with,
    read_told,
)
from echo_agent.cli.printing import say
from echo_agent.cli.progress import progress_bar

if TYPE_CHECKING:
    from echo_agent.memory.memory import Memory
    from echo_agent.mllm.decider import DecisionMaker

app = typer.Typer()


@app.command()
def calibrate(
    data: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            help="Labelled photographs of it, as evaluate folder reads them; without them its references serve.",
        ),
    ] = None,
    *,
    product: Annotated[str, typer.Option(help="Registered product that the photographs show.")],
    mllm: Annotated[str | None, typer.Option(help="The model (default: ECHO_MLLM).")] = None,
    path: Annotated[
        Literal["fast", "reasoned", "both"], typer.Option(help="Path of the decision to calibrate.")
    ] = "both",
    method: Annotated[
        Literal["platt", "temperature"], typer.Option(help="Temperature suits few photographs.")
    ] = "platt",
    limit: Annotated[int | None, typer.Option(min=10, help="Photographs at most, half of them good.")] = None,
    label: LabelsOption = None,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Fit a model's confidence on labelled photographs, or on references alone."""
    from echo_agent.context import Context
    from echo_agent.errors import ModelError
    from echo_agent.evaluation.mllm_calibration import calibrate_mllm
    from echo_agent.resources import Resources, open_memory
    from echo_agent.state.notation import counted

    fit = {"--path": path != "both", "--method": method != "platt", "--limit": limit, "--label": label}
    only_with("DIR", data, fit)
    decider = Resources(Context(mllm=mllm)).decider
    if decider is None:
        raise ModelError("'measured' is calibrated when a product is registered: name a model with --mllm")
    opened = open_memory(memory)
    record = opened.product(product)
    if data is None:
        _on_references(opened, decider, product, as_json)
        return
    (category,) = read_told([data], label, one=True, product=record)
    images = category.of_both_kinds(limit)
    paths: list[Literal["fast", "reasoned"]] = ["fast", "reasoned"] if path == "both" else [path]
    for each in paths:
        with progress_bar(f"Calibrating the {each} path", shown=not sys.stdout.isatty()) as progress:
            fitted = calibrate_mllm(
                opened, decider, product, images, path=each, method=method, progress=progress
            )
        if as_json:
            say(json.dumps(fitted.model_dump(), allow_nan=False))
        else:
            say(
                f"{fitted.model}, {each}: calibration error {fitted.ece_before:.2f} before, "
                f"{fitted.ece_after:.2f} after on held-out photographs "
                f"({counted(fitted.normal, 'normal part')}, {fitted.defective} defective)."
            )


def _on_references(memory: "Memory", decider: "DecisionMaker", product: str, as_json: bool) -> None:
    from echo_agent.decision.normals_calibration import calibrate_on_normals
    from echo_agent.memory.calibration import guarantee
    from echo_agent.resources import Resources
    from echo_agent.state.notation import percent

    with progress_bar("Calibrating on references", shown=not sys.stdout.isatty()) as progress:
        normals = calibrate_on_normals(memory, decider, product, progress=progress)
    if as_json:
        say(json.dumps(normals.model_dump(), allow_nan=False))
        return
    wanted = Resources(memory=memory).strictness(product).max_false_reject
    promised = guarantee(len(normals.log_odds), wanted)
    rates = (
        f"{percent(promised.expected_false_reject)} of good parts expected to be rejected by model and evidence "
        f"together, at most {percent(promised.bound_95)} with 95 % confidence"
        if promised.expected_false_reject is not None and promised.bound_95 is not None
        else "nothing can be promised"
    )
    say(f"{normals.model}, calibrated on {len(normals.log_odds)} good parts alone: {rates}.")
