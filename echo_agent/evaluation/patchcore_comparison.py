"""``benchmark patchcore``: Echo and anomalib's PatchCore side by side, on the same images in one process."""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from PIL import Image

from echo_agent.context import Context
from echo_agent.errors import DatasetError
from echo_agent.evaluation.category import Category
from echo_agent.evaluation.metrics import PixelAccumulator, image_metrics
from echo_agent.evaluation.patchcore import Patchcore, Scored
from echo_agent.inspector import Inspector
from echo_agent.mllm.choice import MEASURED
from echo_agent.state import Value
from echo_agent.vision.anomaly_map import at_size
from echo_agent.vision.features import Array
from echo_agent.vision.image import load_image

Progress = Callable[[int, int], None]


class Rival(Protocol):
    """A fitted detector that Echo is compared with."""

    def score(self, image: Image.Image) -> Scored:
        """Scores an RGB image."""
        ...


class Figures(Value):
    """How well one of the two did on one product with one choice of references.

    Attributes:
        image_auroc: Area under the ROC curve of the image scores; None unless there are good and defective images.
        aupro: Area under the per-region overlap, limit 0.3, maps at the photographs' size; None without masks.
        aupro_05: The same with limit 0.05.
        ms: Median milliseconds an image, decoding included.
    """

    image_auroc: float | None
    aupro: float | None
    aupro_05: float | None
    ms: float


class Compared(Value):
    """Both on the same references and test images.

    Attributes:
        product: Name of the category.
        shots: References.
        seed: Seed that chose them.
        echo: Figures of whole inspections, finer looks, regions and verdict included.
        echo_first_look_ms: Median milliseconds of the evidence's first look alone, decoding included: what
            PatchCore does.
        patchcore: Figures of anomalib's model.
    """

    product: str
    shots: int
    seed: int
    echo: Figures
    echo_first_look_ms: float
    patchcore: Figures


class Ratios(Value):
    """Echo's means over PatchCore's; below 1 Echo is better, None where PatchCore's mean is zero or missing.

    Attributes:
        image_error: Ratio of the means of 1 - image AUROC.
        aupro_error: Ratio of the means of 1 - AUPRO (limit 0.3).
        aupro_05_error: The same with limit 0.05.
        time: Ratio of the means of the median times of an inspection.
        first_look_time: Ratio of those of the evidence's first look alone.
    """

    image_error: float | None
    aupro_error: float | None
    aupro_05_error: float | None
    time: float | None
    first_look_time: float | None


class Comparison(Value):
    """The whole comparison.

    Attributes:
        threads: Threads that torch used for both.
        rows: One a product, number of shots and seed.
        ratios: Over all rows.
        ratios_by_shots: Over the rows of each number of shots.
    """

    threads: int
    rows: tuple[Compared, ...]
    ratios: Ratios
    ratios_by_shots: dict[int, Ratios]


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
    look = memory.evidence(memory.put_aside(path), product)
    looked = time.perf_counter() - started
    anomaly_map = memory.anomaly_map(verdict.map_id)
    return {
        "echo": (inspected, verdict.score, anomaly_map),
        "patchcore": (rivalled, scored.score, scored.anomaly_map),
        "first look": (looked, look.score or 0.0, anomaly_map),
    }


def ratios(rows: Sequence[Compared]) -> Ratios:
    """Echo's means over PatchCore's; a figure that either lacks in a row is left out of both means."""
    pairs = [(row.echo, row.patchcore) for row in rows]
    return Ratios(
        image_error=_ratio([(_error(echo.image_auroc), _error(rival.image_auroc)) for echo, rival in pairs]),
        aupro_error=_ratio([(_error(echo.aupro), _error(rival.aupro)) for echo, rival in pairs]),
        aupro_05_error=_ratio([(_error(echo.aupro_05), _error(rival.aupro_05)) for echo, rival in pairs]),
        time=_ratio([(echo.ms, rival.ms) for echo, rival in pairs]),
        first_look_time=_ratio([(row.echo_first_look_ms, row.patchcore.ms) for row in rows]),
    )


def _error(area: float | None) -> float | None:
    return None if area is None else 1 - area


def _ratio(pairs: Sequence[tuple[float | None, float | None]]) -> float | None:
    known = [(echo, rival) for echo, rival in pairs if echo is not None and rival is not None]
    total = sum(rival for _, rival in known)
    return sum(echo for echo, _ in known) / total if total > 0 else None


def markdown_table(comparison: Comparison) -> str:
    """Rows and ratios as a Markdown table; of each pair Echo's figure stands first."""
    lines = [
        "| product | shots | seed | image AUROC | AUPRO 0.3 | AUPRO 0.05 | ms an image | ms first look |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in comparison.rows:
        echo, rival = row.echo, row.patchcore
        lines.append(
            f"| {row.product} | {row.shots} | {row.seed} | {_pair(echo.image_auroc, rival.image_auroc)} | "
            f"{_pair(echo.aupro, rival.aupro)} | {_pair(echo.aupro_05, rival.aupro_05)} | "
            f"{echo.ms:.0f} ({rival.ms:.0f}) | {row.echo_first_look_ms:.0f} |"
        )
    by_shots = [(f"{count} shots", found) for count, found in comparison.ratios_by_shots.items()]
    lines += [
        "",
        "| mean over PatchCore's mean | 1 - image AUROC | 1 - AUPRO 0.3 | 1 - AUPRO 0.05 | time | first look |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in [*by_shots, ("all", comparison.ratios)]:
        lines.append(
            f"| {name} | " + " | ".join(_number(value) for value in found.model_dump().values()) + " |"
        )
    return "\n".join([*lines, "", f"torch threads: {comparison.threads}"])


def _pair(echo: float | None, rival: float | None) -> str:
    return f"{_number(echo)} ({_number(rival)})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
