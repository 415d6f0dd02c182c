"""How well poor photographs are told from sound ones, and what is refused: ``python -m benchmarks.quality``."""

import time
from collections.abc import Callable, Sequence
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from benchmarks.program import JsonOption, ShotsOption, program, tell
from echo_agent.cli.options import CategoriesArgument, LabelsOption, number_list, read_told
from echo_agent.cli.progress import progress_bar
from echo_agent.errors import DatasetError
from echo_agent.evaluation.category import Category
from echo_agent.images.decoding import load_image
from echo_agent.report.table import markdown_rows
from echo_agent.state import Value
from echo_agent.state.notation import percent
from echo_agent.vision.quality import fit_quality

BLUR_SHARE = 0.01
DARKER = 0.3
BRIGHTER = 2.5
NOISE = 25.0
ZOOM = 0.6
Spoil = Callable[[Image.Image, np.random.Generator], Image.Image]


class QualityResult(Value):
    """What was refused in a category, as shares of 0 to 1, meaned over seeds.

    Attributes:
        category: Its name.
        shots: References drawn (fewer where the category has fewer).
        seeds: Draws.
        good: Share of good test photographs that were refused.
        defective: Share of defective ones; None where there are none.
        caught: For each way of spoiling, the share of spoiled good test photographs that were refused.
        caught_overall: Their mean.
        milliseconds: Median time to judge a photograph that is read already.
        photographs: Number of good test photographs.
    """

    category: str
    shots: int
    seeds: int
    good: float
    defective: float | None
    caught: dict[str, float]
    caught_overall: float
    milliseconds: float
    photographs: int


def measure_quality(category: Category, *, shots: int, seeds: int) -> QualityResult:
    """Draws references, judges good, defective and spoiled test photographs, for each seed.

    Args:
        category: The category.
        shots: References a draw.
        seeds: Number of draws, with seeds 0, 1 and so on.

    Raises:
        DatasetError: No good photograph is left beside the references.
    """
    normals = {file: load_image(file) for file in category.normals}
    good = [(image.path, load_image(image.path)) for image in category.tests if not image.defective]
    defective = [(image.path, load_image(image.path)) for image in category.tests if image.defective]
    generator = np.random.default_rng(0)
    spoiled = {
        name: [(path, spoil(image, generator)) for path, image in good] for name, spoil in WAYS.items()
    }
    found: dict[str, list[float]] = {name: [] for name in ("good", "defective", *WAYS)}
    seconds: list[float] = []
    for seed in range(seeds):
        references = category.references(shots, seed)
        model = fit_quality([normals[file] for file in references])
        for name, images in {"good": good, "defective": defective, **spoiled}.items():
            refused = []
            for path, image in images:
                if path in references:
                    continue
                start = time.perf_counter()
                refused.append(not model.judge(image).acceptable)
                seconds.append(time.perf_counter() - start)
            if refused:
                found[name].append(float(np.mean(refused)))
    if not found["good"]:
        raise DatasetError(
            f"{category.name} has no good photographs left beside {shots} references: ask for fewer shots"
        )
    caught = {name: float(np.mean(found[name])) for name in WAYS}
    return QualityResult(
        category=category.name,
        shots=min(shots, len(normals)),
        seeds=seeds,
        good=float(np.mean(found["good"])),
        defective=float(np.mean(found["defective"])) if found["defective"] else None,
        caught=caught,
        caught_overall=float(np.mean(list(caught.values()))),
        milliseconds=float(np.median(seconds) * 1000),
        photographs=len(good),
    )


def markdown_table(results: Sequence[QualityResult]) -> str:
    """A Markdown table of results: one row a category, and their mean where there are several."""
    names = list(WAYS)
    rows = [
        [
            result.category,
            str(result.shots),
            percent(result.good, 1),
            "-" if result.defective is None else percent(result.defective, 1),
            *(percent(result.caught[name]) for name in names),
            percent(result.caught_overall, 1),
            f"{result.milliseconds:.1f}",
        ]
        for result in results
    ]
    if len(results) > 1:
        of_defective = [one.defective for one in results if one.defective is not None]
        mean = [
            "mean",
            "",
            percent(float(np.mean([one.good for one in results])), 1),
            percent(float(np.mean(of_defective)), 1) if of_defective else "-",
            *(percent(float(np.mean([one.caught[name] for one in results]))) for name in names),
            percent(float(np.mean([one.caught_overall for one in results])), 1),
            f"{np.mean([one.milliseconds for one in results]):.1f}",
        ]
        rows.append(mean)
    head = ["category", "shots", "good refused", "defective refused", *names, "caught", "ms"]
    return markdown_rows(head, rows)


def _blurred(image: Image.Image, generator: np.random.Generator) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(BLUR_SHARE * (image.width * image.height) ** 0.5))


def _lit(factor: float) -> Spoil:
    return lambda image, generator: _from_values(np.asarray(image, dtype=np.float32) * factor)


def _noisy(image: Image.Image, generator: np.random.Generator) -> Image.Image:
    values = np.asarray(image, dtype=np.float32)
    return _from_values(values + generator.normal(0.0, NOISE, values.shape))


def _zoomed(image: Image.Image, generator: np.random.Generator) -> Image.Image:
    width, height = image.size
    rest = (1 - ZOOM) / 2
    box = (round(width * rest), round(height * rest), round(width * (1 - rest)), round(height * (1 - rest)))
    return image.crop(box).resize(image.size, Image.Resampling.BICUBIC)


def _from_values(values: NDArray[np.floating]) -> Image.Image:
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


WAYS: dict[str, Spoil] = {
    "blurred": _blurred,
    "dark": _lit(DARKER),
    "over-exposed": _lit(BRIGHTER),
    "noisy": _noisy,
    "cropped": _zoomed,
}
"""Ways to spoil a photograph: Gaussian blur with a sigma of 1 % of the side, light times 0.3 and times 2.5, Gaussian
noise of 25 grey levels, and the middle 60 % enlarged to the whole."""


def quality(
    folders: CategoriesArgument,
    *,
    shots: ShotsOption = "4,16",
    seeds: Annotated[int, typer.Option(min=1, help="Draws of the references.")] = 5,
    label: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Share of good photographs that are refused as poor, and of spoiled ones that are caught: a Markdown table."""
    categories = read_told(folders, label)
    runs = [(category, count) for count in number_list(shots, least=1) for category in categories]
    results: dict[int, list[QualityResult]] = {}
    with progress_bar("image quality") as progress:
        for done, (category, count) in enumerate(runs, start=1):
            results.setdefault(count, []).append(measure_quality(category, shots=count, seeds=seeds))
            progress(done, len(runs))
    tables = (f"{count} shots\n\n{markdown_table(found)}\n" for count, found in results.items())
    tell([one for found in results.values() for one in found], "\n".join(tables), as_json)


app = program(quality)

if __name__ == "__main__":
    app()
