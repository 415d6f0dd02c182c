"""Echo and anomalib's PatchCore side by side, on the same images in one process: ``python -m benchmarks.patchcore``."""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import typer
from PIL import Image

from benchmarks.patchcore_detector import Patchcore, Scored
from benchmarks.patchcore_result import Compared, Comparison, Figures, markdown_table, ratios
from benchmarks.program import JsonOption, SeedsOption, ShotsOption, program, tell
from echo_agent.cli.options import CategoriesArgument, LabelsOption, number_list, read_told
from echo_agent.cli.progress import progress_bar
from echo_agent.context import Context
from echo_agent.errors import DatasetError
from echo_agent.evaluation.category import Category
from echo_agent.evaluation.metrics import PixelAccumulator, image_metrics
from echo_agent.images.decoding import load_image
from echo_agent.inspector import Inspector
from echo_agent.mllm.choice import MEASURED
from echo_agent.state import Progress
from echo_agent.vision.anomaly_map import at_size
from echo_agent.vision.features import Array


class Rival(Protocol):
    """A fitted detector that Echo is compared with."""

    def score(self, image: Image.Image) -> Scored:
        """Scores an RGB image."""
        ...


def compare_with_patchcore(
    categories: Sequence[Category],
    *,
    shots: Sequence[int],
    seeds: Sequence[int],
    fit: Callable[[Sequence[Image.Image]], Rival] = Patchcore,
    progress: Progress | None = None,
) -> Comparison:
    """Fits both on the same references and scores the same images in turn.

    A category with fewer normals than shots is left out at that number of shots.

    Args:
        categories: The products.
        shots: Numbers of references.
        seeds: Seeds that choose them.
        fit: Fits the rival on the references.
        progress: Called with the rows measured and their number.

    Returns:
        Rows and ratios.

    Raises:
        DatasetError: No category has as many normals as asked for.
        MissingExtraError: anomalib is not installed.
    """
    import torch

    runs = [
        (category, count, seed)
        for category in categories
        for count in shots
        if len(category.normals) >= count
        for seed in seeds
    ]
    if not runs:
        raise DatasetError(f"no category has {min(shots)} normals: ask for fewer --shots")
    rows = []
    for done, (category, count, seed) in enumerate(runs, start=1):
        rows.append(compare_category(category, shots=count, seed=seed, fit=fit))
        if progress is not None:
            progress(done, len(runs))
    return Comparison(
        threads=torch.get_num_threads(),
        rows=tuple(rows),
        ratios=ratios(rows),
        ratios_by_shots={
            count: ratios([row for row in rows if row.shots == count])
            for count in dict.fromkeys(row.shots for row in rows)
        },
    )


def compare_category(
    category: Category, *, shots: int, seed: int, fit: Callable[[Sequence[Image.Image]], Rival] = Patchcore
) -> Compared:
    """Fits both on the references that ``seed`` chooses and scores every test image with each in turn."""
    references = category.references(shots, seed)
    rival = fit([load_image(path) for path in references])
    with tempfile.TemporaryDirectory(prefix="echo-compare-") as folder:
        inspector = Inspector.open(folder, mllm=MEASURED, context=Context())
        inspector.register(category.name, references)
        sides = {"echo": _Side(), "first look": _Side(), "patchcore": _Side()}
        tests = category.tests_beside(references)
        _score_in_turn(tests[0].path, category.name, inspector, rival)  # warms up, is not counted
        for test in tests:
            size = load_image(test.path).size
            found = _score_in_turn(test.path, category.name, inspector, rival)
            mask = test.mask(size)
            for name, (seconds, score, anomaly_map) in found.items():
                sides[name].seconds.append(seconds)
                sides[name].scores.append(score)
                if mask is not None and name != "first look":
                    sides[name].pixels.add(at_size(anomaly_map, size), mask)
    defective = [test.defective for test in tests]
    return Compared(
        product=category.name,
        shots=len(references),
        seed=seed,
        echo=sides["echo"].figures(defective),
        echo_first_look_ms=sides["first look"].milliseconds(),
        patchcore=sides["patchcore"].figures(defective),
    )


class _Side:
    """What is gathered of one of the two."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.scores: list[float] = []
        self.pixels = PixelAccumulator()

    def milliseconds(self) -> float:
        return statistics.median(self.seconds) * 1000

    def figures(self, defective: Sequence[bool]) -> Figures:
        places = self.pixels.metrics()
        return Figures(
            image_auroc=image_metrics(self.scores, defective).auroc,
            aupro=places.aupro,
            aupro_05=places.aupro_05,
            ms=self.milliseconds(),
        )


def _score_in_turn(
    path: Path, product: str, inspector: Inspector, rival: Rival
) -> dict[str, tuple[float, float, Array]]:
    """Seconds, score and map of each, from the file on; Echo keeps nothing of an image from one to the next."""
    memory = inspector.memory
    memory.forget()
    started = time.perf_counter()
    verdict = inspector.inspect(path, product=product)
    inspected = time.perf_counter() - started
    if verdict.score is None or verdict.map_id is None:
        reason = verdict.reasons[0] if verdict.reasons else "no reason was given"
        raise DatasetError(f"{path} got no score, so the images cannot be ranked: {reason}")
    started = time.perf_counter()
    scored = rival.score(load_image(path))
    rivalled = time.perf_counter() - started
    memory.forget()
    started = time.perf_counter()
    prediction = memory.evidence(memory.store_image(path), product)
    looked = time.perf_counter() - started
    anomaly_map = memory.anomaly_map(verdict.map_id)
    return {
        "echo": (inspected, verdict.score, anomaly_map),
        "patchcore": (rivalled, scored.score, scored.anomaly_map),
        "first look": (looked, prediction.score or 0.0, anomaly_map),
    }


def patchcore(
    folders: CategoriesArgument,
    *,
    shots: ShotsOption = "4,16",
    seeds: SeedsOption = "0-4",
    label: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Echo beside anomalib's PatchCore with the same encoder weights, references and images (extra compare)."""
    counts, chosen = number_list(shots, least=1), number_list(seeds)
    categories = read_told(folders, label)
    for category in categories:
        for count in counts:
            if len(category.normals) < count:
                typer.echo(
                    f"{category.name} has {len(category.normals)} normals: left out at {count} shots",
                    err=True,
                )
    with progress_bar("compare") as progress:
        found = compare_with_patchcore(categories, shots=counts, seeds=chosen, progress=progress)
    tell(found, markdown_table(found), as_json)


app = program(patchcore)

if __name__ == "__main__":
    app()
