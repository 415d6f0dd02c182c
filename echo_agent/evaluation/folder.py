"""``evaluate folder``: registers references of a category and inspects its tests, as a user would."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from echo_agent.errors import DatasetError
from echo_agent.evaluation.category import Category, LabelledImage
from echo_agent.evaluation.metrics import PixelAccumulator, image_metrics
from echo_agent.images.decoding import load_image
from echo_agent.state import Label, Progress, Value, Verdict

if TYPE_CHECKING:
    from echo_agent.inspector import Inspector


class FolderResult(Value):
    """Figures of one category, as ``evaluate folder --json`` prints them.

    Attributes:
        category: Name of the category.
        shots: References that were registered.
        seed: Seed that chose them.
        n_test: Test images.
        n_defective: Defective ones among them.
        image_auroc: Area under the ROC curve of the image scores.
        image_ap: Average precision of the image scores.
        f1_max: Highest F1 over all thresholds.
        pixel_auroc: Area under the pixels' ROC curve; None without masks.
        aupro: Area under the per-region overlap, limit 0.3; None without masks.
        aupro_05: The same with limit 0.05.
        false_reject_rate: Normal parts labelled ``defective`` / all normal parts.
        escape_rate: Defective parts labelled ``normal`` / all defective parts.
        review_rate: Parts labelled ``review`` / all parts.
        threshold: Image threshold of the first look; None while uncalibrated.
        fit_s: Seconds to register the references.
        ms_per_image_p50: Median milliseconds an inspection takes.
        ms_per_image_p95: 95th percentile of the same.
    """

    category: str
    shots: int
    seed: int
    n_test: int
    n_defective: int
    image_auroc: float | None
    image_ap: float | None
    f1_max: float | None
    pixel_auroc: float | None
    aupro: float | None
    aupro_05: float | None
    false_reject_rate: float | None
    escape_rate: float | None
    review_rate: float
    threshold: float | None
    fit_s: float
    ms_per_image_p50: float
    ms_per_image_p95: float


def evaluate_category(
    category: Category,
    *,
    shots: int,
    seed: int,
    open_inspector: "Callable[[Path], Inspector]",
    progress: Progress | None = None,
) -> FolderResult:
    """Registers references in a temporary memory and inspects every test image.

    Args:
        category: The category.
        shots: References to register; all normals where there are fewer.
        seed: Seed that chooses them.
        open_inspector: Opens an inspector on an empty memory folder.
        progress: Called with images done and images in all.

    Returns:
        The figures.

    Raises:
        DatasetError: A verdict came without a score, so that the images cannot be ranked.
    """
    with tempfile.TemporaryDirectory(prefix="echo-evaluate-") as folder:
        inspector = open_inspector(Path(folder))
        references = category.references(shots, seed)
        started = time.perf_counter()
        inspector.register(category.name, references)
        fit_s = time.perf_counter() - started
        tests = category.tests_beside(references)
        pixels = PixelAccumulator()
        verdicts: list[Verdict] = []
        seconds: list[float] = []
        for number, test in enumerate(tests, start=1):
            started = time.perf_counter()
            verdict = inspector.inspect(test.path, product=category.name)
            seconds.append(time.perf_counter() - started)
            verdicts.append(_scored(test, verdict))
            _count_pixels(pixels, inspector, test, verdict)
            if progress is not None:
                progress(number, len(tests))
    return _result(
        category.name,
        tests,
        shots=len(references),
        seed=seed,
        verdicts=verdicts,
        pixels=pixels,
        fit_s=fit_s,
        seconds=seconds,
    )


def _count_pixels(
    pixels: PixelAccumulator, inspector: "Inspector", test: LabelledImage, verdict: Verdict
) -> None:
    if verdict.map_id is None or (test.defective and not test.masks):
        return
    size = load_image(test.path).size
    mask = test.mask(size)
    if mask is not None:
        pixels.add(inspector.memory.anomaly_map(verdict.map_id, size), mask)


def _result(
    name: str,
    tests: Sequence[LabelledImage],
    *,
    shots: int,
    seed: int,
    verdicts: list[Verdict],
    pixels: PixelAccumulator,
    fit_s: float,
    seconds: list[float],
) -> FolderResult:
    defective = [test.defective for test in tests]
    scores = [verdict.score for verdict in verdicts if verdict.score is not None]
    images = image_metrics(scores, defective)
    places = pixels.metrics()
    milliseconds = np.asarray(seconds) * 1000
    normals = [verdict.label for verdict, bad in zip(verdicts, defective, strict=True) if not bad]
    defectives = [verdict.label for verdict, bad in zip(verdicts, defective, strict=True) if bad]
    return FolderResult(
        category=name,
        shots=shots,
        seed=seed,
        n_test=len(verdicts),
        n_defective=len(defectives),
        image_auroc=images.auroc,
        image_ap=images.average_precision,
        f1_max=images.f1_max,
        pixel_auroc=places.auroc,
        aupro=places.aupro,
        aupro_05=places.aupro_05,
        false_reject_rate=_share(normals, "defective"),
        escape_rate=_share(defectives, "normal"),
        review_rate=_share([verdict.label for verdict in verdicts], "review") or 0.0,
        threshold=_first_look_threshold(verdicts),
        fit_s=fit_s,
        ms_per_image_p50=float(np.percentile(milliseconds, 50)),
        ms_per_image_p95=float(np.percentile(milliseconds, 95)),
    )


def _scored(test: LabelledImage, verdict: Verdict) -> Verdict:
    if verdict.score is None:
        reason = verdict.reasons[0] if verdict.reasons else "no reason was given"
        raise DatasetError(f"{test.path} got no score, so the images cannot be ranked: {reason}")
    return verdict


def _share(labels: list[Label], label: Label) -> float | None:
    return labels.count(label) / len(labels) if labels else None


def _first_look_threshold(verdicts: list[Verdict]) -> float | None:
    """Threshold of a verdict that needed one attempt: finer looks have thresholds of their own."""
    thresholds = [verdict.threshold for verdict in verdicts if len(verdict.attempts) == 1]
    return thresholds[0] if thresholds else verdicts[0].threshold
