"""What looking at an image costs, stage by stage and by number of references: ``python -m benchmarks.evidence``."""

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, overload

import numpy as np
import typer
from PIL import Image

from benchmarks.machine import machine_name, peak_memory_gib
from benchmarks.program import EncoderOption, JsonOption, ShotsOption, program, tell
from echo_agent.cli.options import CategoryArgument, LabelsOption, number_list, read_told
from echo_agent.cli.progress import progress_bar
from echo_agent.images.decoding import load_image
from echo_agent.memory.normal_model import Resolution, fit
from echo_agent.memory.working_resolutions import FIRST
from echo_agent.report.table import markdown_rows
from echo_agent.resources import open_encoder
from echo_agent.state import Progress, Value
from echo_agent.vision.features import Array, FeatureEncoder
from echo_agent.vision.regions import find_regions

STAGES = ("decode", "encode", "compare", "map", "regions")
TOTAL = "total"
JITTER = 0.03


class Stage(Value):
    """Milliseconds of one stage for one image."""

    name: str
    p50: float
    p95: float


class EvidenceCost(Value):
    """The cost at one number of references.

    Attributes:
        references: Number of references.
        made_up: How many of them are cropped copies, because there were too few photographs.
        fit_s: Seconds to fit them.
        stages: ``decode``, ``encode``, ``compare``, ``map``, ``regions`` and their ``total``.
        single: Images a second, one after the other: the inverse of the median total.
        batch: Images a second where all are encoded in one go.
        memory_gib: Peak memory of the process so far, fitting included; numbers of references are measured in
            rising order.
    """

    references: int
    made_up: int
    fit_s: float
    stages: tuple[Stage, ...]
    single: float
    batch: float
    memory_gib: float


class EvidenceBenchmark(Value):
    """The cost of the first look on this machine.

    Attributes:
        machine: Name of the GPU or processor, with the number of threads.
        encoder: Id of the encoder.
        images: Photographs that were looked at.
        rounds: How often each was looked at.
        costs: By rising number of references.
    """

    machine: str
    encoder: str
    images: int
    rounds: int
    costs: tuple[EvidenceCost, ...]


def benchmark_evidence(
    normals: Sequence[Path],
    images: Sequence[Path],
    encoder: FeatureEncoder,
    *,
    references: Sequence[int],
    rounds: int = 3,
    progress: Progress | None = None,
) -> EvidenceBenchmark:
    """Fits rising numbers of references, and looks at images with each.

    Args:
        normals: Photographs of good parts; where there are too few, slightly cropped copies join them.
        images: Photographs to look at.
        encoder: The encoder.
        references: Numbers of references.
        rounds: How often each image is looked at; a first round goes before, uncounted.
        progress: Called with the numbers of references done and how many there are.

    Raises:
        ImageError: A photograph cannot be read.
    """
    costs = []
    counts = sorted(set(references))
    for done, count in enumerate(counts, start=1):
        chosen = References(normals, count)
        started = time.perf_counter()
        resolution = fit(chosen, encoder, FIRST[0].scale).resolution
        fitted = time.perf_counter() - started
        spent = [_look_at(path, resolution, encoder) for _ in range(rounds + 1) for path in images]
        stages = np.array(spent[len(images) :]) * 1000
        totals = stages.sum(axis=1)
        batches = [_look_at_all(images, resolution, encoder) for _ in range(rounds)]
        costs.append(
            EvidenceCost(
                references=count,
                made_up=chosen.made_up,
                fit_s=fitted,
                stages=(
                    *(_stage(name, stages[:, column]) for column, name in enumerate(STAGES)),
                    _stage(TOTAL, totals),
                ),
                single=1000 / float(np.median(totals)),
                batch=len(images) / float(np.median(batches)),
                memory_gib=peak_memory_gib(),
            )
        )
        if progress is not None:
            progress(done, len(counts))
    return EvidenceBenchmark(
        machine=machine_name(), encoder=encoder.id, images=len(images), rounds=rounds, costs=tuple(costs)
    )


class References(Sequence[Image.Image]):
    """As many references as wanted, each read when it is asked for, so that they take no memory of their own.

    From the number of photographs on they are copies, cropped at random by up to 3 % on each side and scaled back.

    Args:
        photographs: Photographs of good parts.
        count: How many references there shall be.
    """

    def __init__(self, photographs: Sequence[Path], count: int) -> None:
        self._photographs = tuple(photographs)
        self._indices = range(count)

    @property
    def made_up(self) -> int:
        """How many are copies."""
        return max(0, len(self) - len(self._photographs))

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, index: int) -> Image.Image: ...

    @overload
    def __getitem__(self, index: slice) -> list[Image.Image]: ...

    def __getitem__(self, index: int | slice) -> Image.Image | list[Image.Image]:
        """Reads or makes the reference at an index."""
        if isinstance(index, slice):
            return [self[one] for one in self._indices[index]]
        number = self._indices[index]
        image = load_image(self._photographs[number % len(self._photographs)])
        if number < len(self._photographs):
            return image
        left, top, right, bottom = np.random.default_rng(number).uniform(0, JITTER, 4)
        box = (
            image.width * left,
            image.height * top,
            image.width * (1 - right),
            image.height * (1 - bottom),
        )
        return image.resize(image.size, Image.Resampling.BICUBIC, box=box)


def _look_at(path: Path, resolution: Resolution, encoder: FeatureEncoder) -> tuple[float, ...]:
    """Seconds of each stage for one image."""
    clock = [time.perf_counter()]
    image = load_image(path)
    clock.append(time.perf_counter())
    (features,) = encoder.encode([image], scale=FIRST[0].scale)
    clock.append(time.perf_counter())
    prediction = resolution.predict(features)
    clock.append(time.perf_counter())
    anomaly_map = prediction.anomaly_map
    clock.append(time.perf_counter())
    find_regions(anomaly_map, size=image.size)
    clock.append(time.perf_counter())
    return tuple(np.diff(clock).tolist())


def _look_at_all(paths: Sequence[Path], resolution: Resolution, encoder: FeatureEncoder) -> float:
    """Seconds for all images, encoded in one go."""
    started = time.perf_counter()
    images = [load_image(path) for path in paths]
    for image, features in zip(images, encoder.encode(images, scale=FIRST[0].scale), strict=True):
        find_regions(resolution.predict(features).anomaly_map, size=image.size)
    return time.perf_counter() - started


def _stage(name: str, milliseconds: Array) -> Stage:
    return Stage(
        name=name,
        p50=float(np.percentile(milliseconds, 50)),
        p95=float(np.percentile(milliseconds, 95)),
    )


def markdown_table(found: EvidenceBenchmark) -> str:
    """A Markdown table: a row a number of references, milliseconds p50 / p95 a stage."""
    names = [*STAGES, TOTAL]
    rows = [
        [
            str(cost.references),
            *(f"{stage.p50:.1f} / {stage.p95:.1f}" for stage in cost.stages),
            f"{cost.single:.1f}",
            f"{cost.batch:.1f}",
            f"{cost.fit_s:.1f}",
            f"{cost.memory_gib:.2f}",
        ]
        for cost in found.costs
    ]
    head = ["references", *names, "images/s single", "images/s batch", "fit s", "peak GiB"]
    lines = [
        markdown_rows(head, rows),
        "",
        f"ms an image, p50 / p95, over {found.images} images {found.rounds} times; {found.encoder} on {found.machine}",
    ]
    made_up = [f"{cost.made_up} of {cost.references}" for cost in found.costs if cost.made_up]
    if made_up:
        lines.append(f"references that are cropped copies of others: {', '.join(made_up)}")
    return "\n".join(lines)


def evidence(
    place: CategoryArgument,
    *,
    references: ShotsOption = "4,16,64",
    images: Annotated[int, typer.Option(min=1, help="Test photographs to look at, at most.")] = 16,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is looked at.")] = 3,
    encoder: EncoderOption = None,
    label: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the first look at an image costs: decode, encode, compare, map and regions, by number of references."""
    counts = number_list(references, least=1)
    (category,) = read_told([place], label, one=True)
    tests = [test.path for test in category.tests]
    chosen = random.Random(0).sample(tests, min(images, len(tests)))
    with progress_bar("look") as progress:
        found = benchmark_evidence(
            category.normals,
            chosen,
            open_encoder(encoder),
            references=counts,
            rounds=rounds,
            progress=progress,
        )
    tell(found, markdown_table(found), as_json)


app = program(evidence)

if __name__ == "__main__":
    app()
