"""What each part of the comparison with the references is worth: ``python -m benchmarks.ablation``."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev
from typing import Annotated, Any

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
from echo_agent.cli.options import CategoriesArgument, LabelsOption, number_list, read_told
from echo_agent.cli.progress import progress_bar
from echo_agent.evaluation.category import Category
from echo_agent.evaluation.metrics import PixelAccumulator, image_metrics
from echo_agent.images.decoding import load_image
from echo_agent.memory.joint_scores import join
from echo_agent.memory.normal_model import fit, lies_at_any_angle
from echo_agent.memory.working_resolutions import SECOND, WorkingResolution
from echo_agent.report.table import markdown_rows
from echo_agent.resources import open_encoder
from echo_agent.state import Progress
from echo_agent.vision.anomaly_map import at_size
from echo_agent.vision.features import ALONE, FeatureEncoder, FeatureLayer, Features
from echo_agent.vision.views import EIGHTHS

MAP_SIDE = 256
"""Maps and masks are compared at this length of the longer side."""


Change = Callable[[Features], Features]


def _as_it_is(features: Features) -> Features:
    return features


def _set(layer: FeatureLayer, **settings: Any) -> FeatureLayer:
    return replace(layer, use=replace(layer.use, **settings))


def _using(**settings: Any) -> Change:
    """The layers with other settings, the same for all of them, those of the global branch included."""
    return lambda features: replace(
        features,
        layers=tuple(_set(layer, **settings) for layer in features.layers),
        global_branch=tuple(_set(layer, **settings) for layer in features.global_branch),
    )


def _weighing(*weights: float) -> Change:
    """The layers with these weights, fine to coarse."""
    return lambda features: replace(
        features,
        layers=tuple(
            _set(layer, weight=weight) for layer, weight in zip(features.layers, weights, strict=True)
        ),
    )


def _global_branch_weighing(weight: float) -> Change:
    """The layers of the global branch with this weight; without it where it is 0."""
    return lambda features: replace(
        features,
        global_branch=tuple(_set(layer, weight=weight) for layer in features.global_branch if weight),
    )


def _only(index: int) -> Change:
    """One layer alone, counted from the finest (0) or from the coarsest (-1), without the global branch."""
    return lambda features: replace(
        features, layers=(_set(features.layers[index], on_map=True),), global_branch=()
    )


def _drawn_from(*indices: int) -> Change:
    """The map drawn from these layers."""
    return lambda features: replace(
        features,
        layers=tuple(_set(layer, on_map=index in indices) for index, layer in enumerate(features.layers)),
    )


def _joined(features: Features) -> Features:
    return replace(features, layers=(FeatureLayer(features.patches, ALONE),), global_branch=())


def _unguided(features: Features) -> Features:
    return replace(features, guide=None)


@dataclass(frozen=True)
class Variant:
    """One way of comparing; the defaults are Echo's.

    Attributes:
        change: What it makes of an image's features.
        turning: Whether rotated copies may serve as references.
        scale: Multiple of the encoder's working resolution.
        second: What it makes of an image's features by the second encoder; None where that one does not look.
        first: Whether the first encoder looks.
    """

    change: Change = _as_it_is
    turning: bool = True
    scale: float = 1.0
    second: Change | None = None
    first: bool = True


VARIANTS: dict[str, Variant] = {
    "default": Variant(),
    "layers joined on one grid": Variant(_joined),
    "the finest layer alone": Variant(_only(0)),
    "the middle layer alone": Variant(_only(1)),
    "the coarsest layer alone": Variant(_only(-1)),
    "without the global_branch": Variant(_global_branch_weighing(0.0)),
    "the global branch alone": Variant(_weighing(0.0, 0.0, 0.0)),
    "the global branch with weight 1": Variant(_global_branch_weighing(1.0)),
    "the global branch with weight 3": Variant(_global_branch_weighing(3.0)),
    "the middle layer with twice the weight": Variant(_weighing(1.0, 2.0, 1.0)),
    "without the surroundings": Variant(_using(surroundings=0.0)),
    "half of the surroundings at every layer": Variant(_using(surroundings=0.5)),
    "directions alone, without the lengths": Variant(_using(length=0.0)),
    "without the rarity in the image": Variant(_using(rarity=0.0)),
    "worst 1 %": Variant(_using(top_k_share=0.01)),
    "worst 10 %": Variant(_using(top_k_share=0.1)),
    "no rotated copies": Variant(turning=False),
    "map of the middle layer": Variant(_drawn_from(1)),
    "map of all layers": Variant(_drawn_from(0, 1, 2)),
    "map without the strength of the answer": Variant(_using(strength=0.0)),
    "map without the edges of the image": Variant(_unguided),
    "at 1.25 times the resolution": Variant(scale=1.25),
    "both encoders": Variant(second=_as_it_is),
    "the second encoder alone": Variant(second=_as_it_is, first=False),
    "both, the second without the rarity": Variant(second=_using(rarity=0.0)),
    "both, the second without the surroundings": Variant(second=_using(surroundings=0.0)),
    "both, three quarters of the second's surroundings": Variant(second=_using(surroundings=0.75)),
    "both, the second's worst 1 %": Variant(second=_using(top_k_share=0.01)),
    "both, the second's plain distances, worst 1 %": Variant(
        second=_using(rarity=0.0, surroundings=0.0, top_k_share=0.01)
    ),
}


class KnownFeatures:
    """Encodes what it has not met before, and keeps all features in memory (0.7 MB an image by the embedded encoder).

    Args:
        encoder: The encoder that does the work.
    """

    def __init__(self, encoder: FeatureEncoder) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._known: dict[tuple[str, float], Features] = {}

    @property
    def id(self) -> str:
        """Id of the encoder that does the work."""
        return self._encoder.id

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Features]:
        """Encodes images, told apart by their size and pixels; see ``FeatureEncoder``."""
        keys = [(f"{image.size}{hashlib.sha256(image.tobytes()).hexdigest()}", scale) for image in images]
        new = {key: image for key, image in zip(keys, images, strict=True) if key not in self._known}
        if new:
            found = self._encoder.encode(list(new.values()), scale=scale)
            self._known.update(zip(new, found, strict=True))
        return [self._known[key] for key in keys]


class _Changed:
    """An encoder whose features a variant changes."""

    def __init__(self, encoder: KnownFeatures, change: Change) -> None:
        self.name, self.id = encoder.name, encoder.id
        self._encoder, self._change = encoder, change

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Features]:
        return [self._change(features) for features in self._encoder.encode(images, scale=scale)]


def measure_ablation(
    categories: Sequence[Category],
    encoder: FeatureEncoder,
    second: FeatureEncoder | None = None,
    *,
    shots: Sequence[int],
    seeds: Sequence[int],
    variants: dict[str, Variant] | None = None,
    progress: Progress | None = None,
) -> tuple[AblationRow, ...]:
    """Scores every test image by every variant, at the first look; each image is encoded once.

    Args:
        categories: The products; one with fewer normals than shots is left out at that number.
        encoder: The encoder.
        second: The second encoder; variants with one are left out where there is none.
        shots: Numbers of references.
        seeds: Seeds that choose them.
        variants: What is compared, by name; ``VARIANTS`` where not given.
        progress: Called with the products done and their number.

    Returns:
        A row for each variant, product, number of references and seed.
    """
    rows = []
    for done, category in enumerate(categories, start=1):
        known = tuple(KnownFeatures(eyes) for eyes in (encoder, second) if eyes is not None)
        for count in [count for count in shots if len(category.normals) >= count]:
            for seed in seeds:
                for name, variant in (variants or VARIANTS).items():
                    if variant.second is not None and second is None:
                        continue
                    auroc, aupro = _measure(category, known, variant, count, seed)
                    row = AblationRow(
                        variant=name,
                        product=category.name,
                        shots=count,
                        seed=seed,
                        image_auroc=auroc,
                        aupro=aupro,
                    )
                    rows.append(row)
        if progress is not None:
            progress(done, len(categories))
    return tuple(rows)


def _measure(
    category: Category, known: Sequence[KnownFeatures], variant: Variant, shots: int, seed: int
) -> tuple[float | None, float | None]:
    """Image AUROC and AUPRO of a variant with one choice of references."""
    references = category.references(shots, seed)
    images = [load_image(path) for path in references]
    looks = [(_Changed(known[0], variant.change), WorkingResolution(variant.scale))] if variant.first else []
    if variant.second is not None:
        looks.append((_Changed(known[1], variant.second), SECOND[0]))
    angles: Sequence[float] | None = None if variant.turning else ()
    if variant.turning and variant.second is not None and lies_at_any_angle(images, looks[-1][0]):
        angles = EIGHTHS
    fitted = [fit(images, eyes, at.scale, angles=angles).resolution for eyes, at in looks]
    scores, pixels, defective = [], PixelAccumulator(), []
    for test in category.tests_beside(references):
        image = load_image(test.path)
        prediction = join(
            [
                resolution.predict(eyes.encode([image], scale=at.scale)[0])
                for resolution, (eyes, at) in zip(fitted, looks, strict=True)
            ],
            [at for _, at in looks],
        )
        scores.append(prediction.score)
        defective.append(test.defective)
        mask = test.mask(image.size)
        if mask is not None:
            size = _map_size(image)
            small = Image.fromarray(mask).resize(size, Image.Resampling.NEAREST)
            pixels.add(at_size(prediction.anomaly_map, size), _as_bool(small))
    return image_metrics(scores, defective).auroc, pixels.metrics().aupro


def _map_size(image: Image.Image) -> tuple[int, int]:
    factor = min(1.0, MAP_SIDE / max(image.size))
    return max(1, round(image.width * factor)), max(1, round(image.height * factor))


def _as_bool(mask: Image.Image) -> NDArray[np.bool_]:
    return np.asarray(mask, dtype=np.bool_)


def markdown_table(rows: Sequence[AblationRow]) -> str:
    """Means over products and numbers of references, with the standard deviation of the difference over the seeds."""
    names = list(dict.fromkeys(row.variant for row in rows))
    head = ("variant", "1 - image AUROC", "beside the default", "1 - AUPRO", "beside the default")
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
    variant: Annotated[list[str] | None, typer.Option(help="Only these variants; give it again.")] = None,
    leave_one_out: Annotated[
        bool,
        typer.Option("--leave-one-out", help="For each product the variant that the other products choose."),
    ] = False,
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
            progress=progress,
        )
    tell(rows, leave_one_out_table(rows) if leave_one_out else markdown_table(rows), as_json)


def _named(names: Sequence[str] | None) -> dict[str, Variant]:
    """The variants of these names, the default first; all where none is named."""
    unknown = [name for name in names or () if name not in VARIANTS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is no variant: name some of {', '.join(VARIANTS)}")
    return {name: one for name, one in VARIANTS.items() if not names or name in {"default", *names}}


app = program(ablation)

if __name__ == "__main__":
    app()
