"""What each part of the comparison with the references is worth: ``python -m benchmarks.ablation``."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from benchmarks.leave_one_out import AblationRow, leave_one_out_table
from benchmarks.program import (
    EncoderOption,
    JsonOption,
    SeedsOption,
    ShotsOption,
    program,
    tell,
)
from benchmarks.shared_fits import KnownFeatures, SharedFits
from benchmarks.value_lines import append_value, read_values
from benchmarks.variants import FIRST_ALONE, VARIANTS, Variant
from echo_agent.cli.options import CategoriesArgument, LabelsOption, number_list, read_told
from echo_agent.cli.progress import progress_bar
from echo_agent.evaluation.category import Category, LabelledImage
from echo_agent.evaluation.metrics import PixelAccumulator, image_metrics
from echo_agent.images.decoding import load_image
from echo_agent.report.table import markdown_rows
from echo_agent.resources import open_encoder
from echo_agent.state import Progress
from echo_agent.vision.anomaly_map import at_size
from echo_agent.vision.features import Array, FeatureEncoder

MAP_SIDE = 256
"""Maps and masks are compared at this length of the longer side."""

Key = tuple[str, str, int, int]


def measure_ablation(
    categories: Sequence[Category],
    encoder: FeatureEncoder,
    second: FeatureEncoder | None = None,
    *,
    shots: Sequence[int],
    seeds: Sequence[int],
    variants: dict[str, Variant] | None = None,
    out: Path | None = None,
    features: Path | None = None,
    progress: Progress | None = None,
) -> tuple[AblationRow, ...]:
    """Scores every test image by every variant, at the first look.

    Each image is encoded once, and variants that only count or join otherwise share their banks and distances.

    Args:
        categories: The products; one with fewer normals than shots gives all that it has, once.
        encoder: The encoder.
        second: The second encoder; variants with one are left out where there is none.
        shots: Numbers of references.
        seeds: Seeds that choose them.
        variants: What is compared, by name; ``VARIANTS`` where not given.
        out: A file that each row is appended to as it is found; rows that it holds are not measured again.
        features: A folder in which the features of images are kept for a next run: 2 MB an image by both encoders.
        progress: Called with the choices of references done and their number.

    Returns:
        A row for each variant, product, number of references and seed.

    Raises:
        DatasetError: The file holds something else.
    """
    chosen = {
        name: variant
        for name, variant in (variants or VARIANTS).items()
        if second is not None or variant.second is None
    }
    rows = {} if out is None else {_key(row): row for row in read_values(out, AblationRow, to_go_on=True)}
    counts = {category.name: _counts(category, shots) for category in categories}
    encoders = [eyes for eyes in (encoder, second) if eyes is not None]
    total, done = len(seeds) * sum(map(len, counts.values())), 0
    for category in categories:
        product = _Product(category, [KnownFeatures(eyes, features) for eyes in encoders])
        for count in counts[category.name]:
            for seed in seeds:
                missing = {
                    name: variant
                    for name, variant in chosen.items()
                    if (name, category.name, count, seed) not in rows
                }
                for row in product.measure(missing, count, seed):
                    rows[_key(row)] = row
                    if out is not None:
                        append_value(out, row)
                done += 1
                if progress is not None:
                    progress(done, total)
    wanted = [
        (name, category.name, count, seed)
        for category in categories
        for count in counts[category.name]
        for seed in seeds
        for name in chosen
    ]
    return tuple(rows[key] for key in wanted)


def _key(row: AblationRow) -> Key:
    return row.variant, row.product, row.shots, row.seed


def _counts(category: Category, shots: Sequence[int]) -> list[int]:
    """The numbers of references that differ on a product, as they were asked for."""
    return [
        count
        for index, count in enumerate(sorted(shots))
        if not index or _more(category, sorted(shots), index)
    ]


def _more(category: Category, shots: Sequence[int], index: int) -> bool:
    return shots[index - 1] < len(category.normals)


class _Product:
    """The photographs of a product, each read and encoded once."""

    def __init__(self, category: Category, known: Sequence[KnownFeatures]) -> None:
        self._category = category
        self._known = known
        self._images: dict[Path, Image.Image] = {}
        self._masks: dict[Path, NDArray[np.bool_] | None] = {}

    def measure(self, variants: dict[str, Variant], shots: int, seed: int) -> Iterator[AblationRow]:
        """The rows of variants with one choice of references."""
        if not variants:
            return
        references = self._category.references(shots, seed)
        tests = self._category.tests_beside(references)
        shared = SharedFits(
            self._known,
            [self._image(path) for path in references],
            [self._image(test.path) for test in tests],
        )
        known: dict[str, float | None] = {}
        defective = [test.defective for test in tests]
        for name, variant in variants.items():
            normals, predictions = shared.predict(variant)
            maps = [prediction.anomaly_map for prediction in predictions]
            digest = hashlib.sha256(b"".join(values.tobytes() for values in maps)).hexdigest()
            if digest not in known:
                known[digest] = self._aupro(tests, maps)
            scores = [prediction.score for prediction in predictions]
            yield AblationRow(
                variant=name,
                product=self._category.name,
                shots=shots,
                seed=seed,
                image_auroc=image_metrics(scores, defective).auroc,
                aupro=known[digest],
                scores=tuple(scores),
                defective=tuple(defective),
                normals=normals,
            )

    def _image(self, path: Path) -> Image.Image:
        if path not in self._images:
            self._images[path] = load_image(path)
        return self._images[path]

    def _aupro(self, tests: Sequence[LabelledImage], maps: Sequence[Array]) -> float | None:
        pixels = PixelAccumulator()
        for test, values in zip(tests, maps, strict=True):
            mask = self._mask(test)
            if mask is not None:
                pixels.add(at_size(values, (mask.shape[1], mask.shape[0])), mask)
        return pixels.metrics().aupro

    def _mask(self, test: LabelledImage) -> NDArray[np.bool_] | None:
        """The truth of a photograph's pixels at the size that maps are compared at; None where it is not known."""
        if test.path not in self._masks:
            image = self._image(test.path)
            whole = test.mask(image.size)
            self._masks[test.path] = (
                None
                if whole is None
                else np.asarray(
                    Image.fromarray(whole).resize(_map_size(image), Image.Resampling.NEAREST), dtype=np.bool_
                )
            )
        return self._masks[test.path]


def _map_size(image: Image.Image) -> tuple[int, int]:
    factor = min(1.0, MAP_SIDE / max(image.size))
    return max(1, round(image.width * factor)), max(1, round(image.height * factor))


def markdown_table(rows: Sequence[AblationRow]) -> str:
    """Means over products and numbers of references, with the standard deviation of the difference over the seeds."""
    names = list(dict.fromkeys(row.variant for row in rows))
    head = ("variant", "1 - image AUROC", "beside the first", "1 - AUPRO", "beside the first")
    return markdown_rows(
        head,
        [
            (
                name,
                *_against(rows, name, names[0], "image_auroc"),
                *_against(rows, name, names[0], "aupro"),
            )
            for name in names
        ],
    )


def _against(rows: Sequence[AblationRow], name: str, default: str, figure: str) -> tuple[str, str]:
    """Mean error, and its difference from the default's with its spread over the seeds."""
    errors = {
        (row.variant, row.product, row.shots, row.seed): 1 - getattr(row, figure)
        for row in rows
        if getattr(row, figure) is not None
    }
    by_seed: dict[int, list[float]] = {}
    for (variant, product, shots, seed), error in errors.items():
        if variant == name:
            by_seed.setdefault(seed, []).append(error - errors[default, product, shots, seed])
    if not by_seed:
        return "-", "-"
    own = mean(error for key, error in errors.items() if key[0] == name)
    if name == default:
        return f"{own:.4f}", ""
    gaps = [mean(values) for values in by_seed.values()]
    spread = f" +- {stdev(gaps):.4f}" if len(gaps) > 1 else ""
    return f"{own:.4f}", f"{mean(gaps):+.4f}{spread}"


def ablation(
    folders: CategoriesArgument,
    *,
    shots: ShotsOption = "4,16",
    seeds: SeedsOption = "0-4",
    encoder: EncoderOption = None,
    second: Annotated[str | None, typer.Option(help="Second encoder, such as dinov2-small.")] = None,
    variant: Annotated[
        list[str] | None, typer.Option(help="Only these variants, in this order; give it again.")
    ] = None,
    leave_one_out: Annotated[
        bool,
        typer.Option("--leave-one-out", help="For each product the variant that the other products choose."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Append each row to this file, and go on from what it holds.")
    ] = None,
    features: Annotated[
        Path | None, typer.Option(help="Keep the features of images in this folder, for a next run.")
    ] = None,
    label: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """What each part of the comparison with the references is worth: a Markdown table."""
    counts, chosen = number_list(shots, least=1), number_list(seeds)
    categories = read_told(folders, label)
    with progress_bar("ablation") as progress:
        rows = measure_ablation(
            categories,
            open_encoder(encoder),
            None if second is None else open_encoder(second),
            shots=counts,
            seeds=chosen,
            variants=_named(variant),
            out=out,
            features=features,
            progress=progress,
        )
    tell(rows, leave_one_out_table(rows) if leave_one_out else markdown_table(rows), as_json)


def _named(names: Sequence[str] | None) -> dict[str, Variant]:
    """The variants of these names in this order, after what they are held against; all where none is named."""
    unknown = [name for name in names or () if name not in VARIANTS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is no variant: name some of {', '.join(VARIANTS)}")
    return {name: VARIANTS[name] for name in (FIRST_ALONE, *(names or VARIANTS))}


app = program(ablation)

if __name__ == "__main__":
    app()
