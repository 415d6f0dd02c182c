"""``evaluate folder``: registers references of a category and inspects its tests, as a user would."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from echo_agent.context import Encoders, Expert, Profile
from echo_agent.errors import DatasetError, ImageError
from echo_agent.evaluation.category import Category, LabelledImage
from echo_agent.evaluation.labels import GOOD
from echo_agent.evaluation.metrics import PixelAccumulator, image_metrics
from echo_agent.evaluation.run_file import RunFile
from echo_agent.state import Label, Progress, Value, Verdict
from echo_agent.strictness import Strictness

if TYPE_CHECKING:
    from echo_agent.inspector import Inspector

FILE = "photographs.jsonl"


class FolderSettings(Value):
    """What the verdicts of a run depend on; the first line of its file.

    Attributes:
        revision: Version of Echo.
        encoder: Image encoder; None for the embedded one.
        mllm: Decision Maker; None for that of the settings.
        profile: When the Reasoning Expert is asked.
        experts: Experts that take part.
        encoders: When a second encoder looks.
        strictness: How strict its inspections are.
    """

    revision: str
    encoder: str | None
    mllm: str | None
    profile: Profile
    experts: tuple[Expert, ...]
    encoders: Encoders = "retry"
    strictness: Strictness = Strictness()


class Inspected(Value):
    """What was said of one photograph: a line of the run's file.

    Attributes:
        category: Its category.
        shots: References.
        seed: Seed that chose them.
        image: The photograph.
        kind: ``good`` or the name of its defect.
        label: The verdict; None where the photograph could not be read.
        score: Its score; None where it got none.
        threshold: The threshold that it was held against.
        confidence: Confidence of the verdict.
        attempts: Decisions that were made.
        seconds: Time the inspection took.
        error: Why the photograph could not be read.
    """

    category: str
    shots: int
    seed: int
    image: str
    kind: str
    label: Label | None = None
    score: float | None = None
    threshold: float | None = None
    confidence: float | None = None
    attempts: int = 0
    seconds: float = 0.0
    error: str | None = None


class FolderRun:
    """A run on disk: a line a photograph, and beside them the pixels' counts of each choice of references.

    Args:
        folder: Folder of the run; one that was stopped goes on.
        settings: The run's settings.

    Raises:
        DatasetError: The folder holds a run with other settings, or cannot be written.
    """

    def __init__(self, folder: Path, settings: FolderSettings) -> None:
        self._folder = folder
        self._file = RunFile(folder / FILE, settings, Inspected)

    def begun(self, category: str, shots: int, seed: int) -> tuple[dict[str, Inspected], PixelAccumulator]:
        """The photographs that are done with one choice of references, and their pixels' counts."""
        pixels = PixelAccumulator.saved(self._pixels(category, shots, seed))
        lines = {
            line.image: line
            for line in self._file.lines
            if (line.category, line.shots, line.seed) == (category, shots, seed)
        }
        # A line is written before its pixels: one without them is of a photograph that was not finished.
        return {image: line for image, line in lines.items() if image in pixels.names}, pixels

    def add(self, line: Inspected, pixels: PixelAccumulator) -> None:
        """Keeps a photograph."""
        self._file.add(line)
        pixels.save(self._pixels(line.category, line.shots, line.seed))

    def _pixels(self, category: str, shots: int, seed: int) -> Path:
        return self._folder / "pixels" / f"{category}-{shots}-{seed}.npz"


class FolderResult(Value):
    """Figures of one category, as ``evaluate folder --json`` prints them.

    Attributes:
        category: Name of the category.
        shots: References that were registered.
        seed: Seed that chose them.
        n_test: Test images.
        n_defective: Defective ones among them.
        n_unreadable: Tests that could not be read: they are left out of every figure.
        n_unscored: Tests whose verdict came without a score: they are left out of the ranking.
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
    n_unreadable: int = 0
    n_unscored: int = 0
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
    run: FolderRun | None = None,
    progress: Progress | None = None,
) -> FolderResult:
    """Registers references in a temporary memory and inspects every test image.

    Args:
        category: The category.
        shots: References to register; all normals where there are fewer.
        seed: Seed that chooses them.
        open_inspector: Opens an inspector on an empty memory folder.
        run: Where the photographs are kept; those that are there already are not inspected again.
        progress: Called with images done and images in all.

    Returns:
        The figures.

    Raises:
        DatasetError: There are no references or tests, or not one test could be read.
    """
    references = category.references(shots, seed)
    tests = category.tests_beside(references)
    done, pixels = run.begun(category.name, len(references), seed) if run else ({}, PixelAccumulator())
    with tempfile.TemporaryDirectory(prefix="echo-evaluate-") as folder:
        inspector = open_inspector(Path(folder))
        started = time.perf_counter()
        inspector.register(category.name, references)
        fit_s = time.perf_counter() - started
        lines: list[Inspected] = []
        for number, test in enumerate(tests, start=1):
            line = done.get(str(test.path))
            if line is None:
                line = _inspected(inspector, category.name, test, pixels)
                line = line.model_copy(update={"shots": len(references), "seed": seed})
                if run is not None:
                    run.add(line, pixels)
            lines.append(line)
            if progress is not None:
                progress(number, len(tests))
    return _result(lines, pixels, fit_s)


def _inspected(
    inspector: "Inspector", product: str, test: LabelledImage, pixels: PixelAccumulator
) -> Inspected:
    """Inspects one photograph, and counts its pixels where their truth is known."""
    line = Inspected(category=product, shots=0, seed=0, image=str(test.path), kind=test.kind)
    started = time.perf_counter()
    try:
        verdict = inspector.inspect(test.path, product=product)
    except ImageError as error:
        pixels.names.append(line.image)
        return line.model_copy(update={"error": str(error)})
    seconds = time.perf_counter() - started
    _count_pixels(pixels, inspector, test, verdict)
    pixels.names.append(line.image)
    return line.model_copy(
        update={
            "label": verdict.label,
            "score": verdict.score,
            "threshold": verdict.threshold,
            "confidence": verdict.confidence,
            "attempts": len(verdict.attempts),
            "seconds": seconds,
        }
    )


def _count_pixels(
    pixels: PixelAccumulator, inspector: "Inspector", test: LabelledImage, verdict: Verdict
) -> None:
    if verdict.map_id is None or (test.defective and not test.masks):
        return
    image = inspector.memory.store_image(test.path, verdict.product)
    size = (image.width, image.height)
    mask = test.mask(size)
    if mask is not None:
        pixels.add(inspector.memory.anomaly_map(verdict.map_id, size), mask)


def _result(lines: Sequence[Inspected], pixels: PixelAccumulator, fit_s: float) -> FolderResult:
    read = [line for line in lines if line.error is None]
    if not read:
        raise DatasetError(f"not one test of {lines[0].category} could be read: {lines[0].error}")
    scored = [line for line in read if line.score is not None]
    images = image_metrics([line.score or 0.0 for line in scored], [line.kind != GOOD for line in scored])
    places = pixels.metrics()
    milliseconds = np.asarray([line.seconds for line in read]) * 1000
    return FolderResult(
        category=lines[0].category,
        shots=lines[0].shots,
        seed=lines[0].seed,
        n_test=len(read),
        n_defective=sum(line.kind != GOOD for line in read),
        n_unreadable=len(lines) - len(read),
        n_unscored=len(read) - len(scored),
        image_auroc=images.auroc,
        image_ap=images.average_precision,
        f1_max=images.f1_max,
        pixel_auroc=places.auroc,
        aupro=places.aupro,
        aupro_05=places.aupro_05,
        false_reject_rate=_share([line.label for line in read if line.kind == GOOD], "defective"),
        escape_rate=_share([line.label for line in read if line.kind != GOOD], "normal"),
        review_rate=_share([line.label for line in read], "review") or 0.0,
        threshold=_first_look_threshold(read),
        fit_s=fit_s,
        ms_per_image_p50=float(np.percentile(milliseconds, 50)),
        ms_per_image_p95=float(np.percentile(milliseconds, 95)),
    )


def _share(labels: Sequence[Label | None], label: Label) -> float | None:
    return labels.count(label) / len(labels) if labels else None


def _first_look_threshold(lines: Sequence[Inspected]) -> float | None:
    """Threshold of a verdict that needed one attempt: finer looks have thresholds of their own."""
    thresholds = [line.threshold for line in lines if line.attempts == 1]
    return thresholds[0] if thresholds else lines[0].threshold
