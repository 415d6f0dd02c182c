"""The measured areas of defects against their ground-truth masks: ``python -m benchmarks.areas``."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.program import EncoderOption, JsonOption, program, tell
from echo_agent.cli.options import CategoriesArgument, LabelsOption, read_told
from echo_agent.cli.progress import progress_bar
from echo_agent.errors import DatasetError
from echo_agent.evaluation.category import Category
from echo_agent.inspector import Inspector
from echo_agent.report.table import markdown_rows
from echo_agent.state import Progress, Region, Value
from echo_agent.state.notation import percent


class AreaRatio(Value):
    """How large the defects of one type were measured.

    Attributes:
        kind: The defect type.
        masked: Photographs of it with a mask.
        found: Of those the ones on which a region lies on the defect.
        ratio: Median of measured area / true area where it was found; None where it never was.
        ratio_q25: Lower quartile of the same.
        ratio_q75: Upper quartile.
        covered: Share of the found ones whose true area lies within the uncertainty that is told.
        true_percent: Median true area in per cent of the image.
    """

    kind: str
    masked: int
    found: int
    ratio: float | None
    ratio_q25: float | None
    ratio_q75: float | None
    covered: float | None
    true_percent: float


class AreaResult(Value):
    """Measured areas of one category: a row a defect type."""

    category: str
    shots: int
    seed: int
    rows: tuple[AreaRatio, ...]


class _Measured(Value):
    """One defective photograph: areas in pixels, measured ones None where no region lies on the defect."""

    true: int
    share: float
    area: int | None
    low: int
    high: int


def evaluate_areas(
    category: Category,
    *,
    shots: int,
    seed: int,
    open_inspector: Callable[[Path], Inspector],
    progress: Progress | None = None,
) -> AreaResult:
    """Registers references in a temporary memory and measures each defect that has a mask at the first look.

    Args:
        category: The category.
        shots: References to register; all normals where there are fewer.
        seed: Seed that chooses them.
        open_inspector: Opens an inspector on an empty memory folder.
        progress: Called with images done and images in all.

    Raises:
        DatasetError: No defective photograph has a mask.
    """
    masked = [test for test in category.tests if test.defective and test.masks]
    if not masked:
        raise DatasetError(f"{category.name} has no masks: areas cannot be held against the truth")
    measured: dict[str, list[_Measured]] = {}
    with tempfile.TemporaryDirectory(prefix="echo-areas-") as folder:
        inspector = open_inspector(Path(folder))
        references = category.references(shots, seed)
        inspector.register(category.name, references)
        for number, test in enumerate(masked, start=1):
            image = inspector.memory.store_image(test.path)
            regions = inspector.memory.evidence(image, category.name).regions
            truth = test.mask((image.width, image.height))
            if truth is not None and truth.any():
                measured.setdefault(test.kind, []).append(measure(regions, truth))
            if progress is not None:
                progress(number, len(masked))
    rows = tuple(_row(kind, found) for kind, found in sorted(measured.items()))
    return AreaResult(category=category.name, shots=len(references), seed=seed, rows=rows)


def measure(regions: Sequence[Region], truth: NDArray[np.bool_]) -> _Measured:
    """Adds up the regions whose boxes hold a pixel of the truth.

    Args:
        regions: Measured regions of a photograph.
        truth: ``(height, width)``, True on the defect.
    """
    on_it = [
        region
        for region in regions
        if truth[region.box.top : region.box.bottom, region.box.left : region.box.right].any()
    ]
    return _Measured(
        true=int(truth.sum()),
        share=float(truth.mean()),
        area=sum(region.area_px for region in on_it) if on_it else None,
        low=sum(region.area_px_low for region in on_it),
        high=sum(region.area_px_high for region in on_it),
    )


def markdown_table(result: AreaResult) -> str:
    """The figures as a Markdown table."""
    head = (
        "defect type",
        "found",
        "median",
        "quartiles",
        "true area within what is told",
        "true area, % of image",
    )
    rows = []
    for row in result.rows:
        told = ("-", "-", "-")
        if row.ratio is not None:
            told = (
                f"{row.ratio:.2f}",
                f"{row.ratio_q25:.2f} to {row.ratio_q75:.2f}",
                percent(row.covered or 0.0),
            )
        rows.append((row.kind, f"{row.found} of {row.masked}", *told, f"{row.true_percent:.2f}"))
    title = f"{result.category}, {result.shots} shots, seed {result.seed}: measured area / true area"
    return f"{title}\n\n{markdown_rows(head, rows)}"


def _row(kind: str, measured: Sequence[_Measured]) -> AreaRatio:
    found = [one for one in measured if one.area is not None]
    ratios = [one.area / one.true for one in found if one.area is not None]
    low, middle, high = np.percentile(ratios, [25, 50, 75]) if ratios else (None, None, None)
    return AreaRatio(
        kind=kind,
        masked=len(measured),
        found=len(found),
        ratio=None if middle is None else float(middle),
        ratio_q25=None if low is None else float(low),
        ratio_q75=None if high is None else float(high),
        covered=float(np.mean([one.low <= one.true <= one.high for one in found])) if found else None,
        true_percent=100 * float(np.median([one.share for one in measured])),
    )


def areas(
    folders: CategoriesArgument,
    *,
    shots: Annotated[int, typer.Option(min=1, help="References to register.")] = 16,
    seed: Annotated[int, typer.Option(help="Seed that chooses the references.")] = 0,
    encoder: EncoderOption = None,
    label: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold the measured areas of defects against their masks, for each defect type."""
    for category in read_told(folders, label):
        with progress_bar(f"measure {category.name}") as progress:
            result = evaluate_areas(
                category,
                shots=shots,
                seed=seed,
                open_inspector=lambda memory: Inspector.open(memory, encoder=encoder),
                progress=progress,
            )
        tell(result, markdown_table(result) + "\n", as_json)


app = program(areas)

if __name__ == "__main__":
    app()
