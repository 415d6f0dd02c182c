"""``benchmark ablation``: what each part of the comparison with the references is worth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from echo_agent.evaluation.category import Category
from echo_agent.evaluation.known_features import KnownFeatures
from echo_agent.evaluation.metrics import PixelAccumulator, image_metrics
from echo_agent.memory.normal_model import TURNING_SAMPLE, turning_helps
from echo_agent.state import Value
from echo_agent.vision.anomaly_map import (
    RARITY_WEIGHT,
    SURROUNDINGS_WEIGHT,
    WORST_SHARE,
    at_size,
    image_score,
    standing_out,
)
from echo_agent.vision.comparison import patch_distances, rarity
from echo_agent.vision.coreset import bounded_bank
from echo_agent.vision.features import Array, Encoder
from echo_agent.vision.image import load_image
from echo_agent.vision.views import turned_half

MAP_SIDE = 256
"""Maps and masks are compared at this length of the longer side."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Variant:
    """One way of comparing; the defaults are Echo's."""

    rarity_weight: float = RARITY_WEIGHT
    surroundings_weight: float = SURROUNDINGS_WEIGHT
    worst_share: float = WORST_SHARE
    turning: bool = True
    fine_score: bool = False
    whole_map: bool = False
    scale: float = 1.0


VARIANTS: dict[str, Variant] = {
    "default": Variant(),
    "without the surroundings": Variant(surroundings_weight=0.0),
    "without the rarity in the image": Variant(rarity_weight=0.0),
    "nearest distance alone": Variant(rarity_weight=0.0, surroundings_weight=0.0),
    "whole surroundings taken off": Variant(surroundings_weight=1.0),
    "worst 1 %": Variant(worst_share=0.01),
    "worst 10 %": Variant(worst_share=0.1),
    "no turned copies": Variant(turning=False),
    "score without the coarsest level": Variant(fine_score=True),
    "map with the coarsest level": Variant(whole_map=True),
    "at 1.25 times the resolution": Variant(scale=1.25),
}


class AblationRow(Value):
    """One variant on one product with one choice of references."""

    variant: str
    product: str
    shots: int
    seed: int
    image_auroc: float | None
    aupro: float | None


def measure_ablation(
    categories: Sequence[Category],
    encoder: Encoder,
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
        shots: Numbers of references.
        seeds: Seeds that choose them.
        variants: What is compared, by name; ``VARIANTS`` where not given.
        progress: Called with the products done and their number.

    Returns:
        A row for each variant, product, number of references and seed.
    """
    rows = []
    for done, category in enumerate(categories, start=1):
        known = KnownFeatures(encoder)
        for count in [count for count in shots if len(category.normals) >= count]:
            for seed in seeds:
                for name, variant in (variants or VARIANTS).items():
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
    category: Category, encoder: KnownFeatures, variant: Variant, shots: int, seed: int
) -> tuple[float | None, float | None]:
    """Image AUROC and AUPRO of a variant with one choice of references."""
    references = category.references(shots, seed)
    images = [load_image(path) for path in references]
    grids = _grids(images, encoder, variant)
    copies = _grids([turned_half(image) for image in images], encoder, variant) if variant.turning else []
    if len(grids) < 2 or not (copies and turning_helps(grids[:TURNING_SAMPLE], copies[:TURNING_SAMPLE])):
        copies = []
    owners = list(range(len(grids)))
    bank = bounded_bank(zip([*grids, *copies], owners * (2 if copies else 1), strict=True))
    scores, pixels, defective = [], PixelAccumulator(), []
    for test in category.tests_beside(references):
        image = load_image(test.path)
        features = encoder.encode([image], scale=variant.scale)[0]
        distances, rare = patch_distances(features.patches, bank, features.fine), rarity(features.patches)
        whole, fine = (
            standing_out(
                values,
                rare,
                rarity_weight=variant.rarity_weight,
                surroundings_weight=variant.surroundings_weight,
            )
            for values in (distances.whole, distances.fine)
        )
        scores.append(image_score(fine if variant.fine_score else whole, variant.worst_share))
        defective.append(test.defective)
        mask = test.mask(image.size)
        if mask is not None:
            size = _map_size(image)
            small = Image.fromarray(mask).resize(size, Image.Resampling.NEAREST)
            pixels.add(at_size(whole if variant.whole_map else fine, size), _as_bool(small))
    return image_metrics(scores, defective).auroc, pixels.metrics().aupro


def _grids(images: Sequence[Image.Image], encoder: KnownFeatures, variant: Variant) -> list[Array]:
    return [features.patches for features in encoder.encode(images, scale=variant.scale)]


def _map_size(image: Image.Image) -> tuple[int, int]:
    factor = min(1.0, MAP_SIDE / max(image.size))
    return max(1, round(image.width * factor)), max(1, round(image.height * factor))


def _as_bool(mask: Image.Image) -> NDArray[np.bool_]:
    return np.asarray(mask, dtype=np.bool_)


def markdown_table(rows: Sequence[AblationRow]) -> str:
    """Means over products and numbers of references, with the standard deviation of the difference over the seeds."""
    names = list(dict.fromkeys(row.variant for row in rows))
    lines = [
        "| variant | 1 - image AUROC | beside the default | 1 - AUPRO | beside the default |",
        "|---|---|---|---|---|",
    ]
    for name in names:
        cells = [_against(rows, name, names[0], figure) for figure in ("image_auroc", "aupro")]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _against(rows: Sequence[AblationRow], name: str, default: str, figure: str) -> str:
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
        return "- | -"
    own = mean(error for key, error in errors.items() if key[0] == name)
    if name == default:
        return f"{own:.4f} | "
    gaps = [mean(values) for values in by_seed.values()]
    spread = f" +- {stdev(gaps):.4f}" if len(gaps) > 1 else ""
    return f"{own:.4f} | {mean(gaps):+.4f}{spread}"
