"""What is normal in the tiles of a product's photographs: fitted and compared tile by tile."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from echo_agent.memory.normal_model import Resolution, calibrated, patch_grids
from echo_agent.state import Progress
from echo_agent.vision.comparison import PatchBank
from echo_agent.vision.coreset import bounded_banks
from echo_agent.vision.feature_layers import Prediction, compare
from echo_agent.vision.features import FeatureEncoder, Features
from echo_agent.vision.tiles import Tiling
from echo_agent.vision.views import rotated, small_changes

AT_ONCE = 16
"""Tiles that are encoded together: no photograph is too large for the memory."""


def fit_tiles(
    images: Sequence[Image.Image],
    encoder: FeatureEncoder,
    tiling: Tiling,
    *,
    angles: Sequence[float],
    groups: Sequence[int],
    progress: Progress | None = None,
) -> Resolution:
    """Fits the normal state of the tiles of a product.

    Each reference is scored as a part is, by its worst tile, against the tiles of references of other groups.

    Args:
        images: The references, RGB.
        encoder: The encoder.
        tiling: How they are cut.
        angles: Angles of rotated copies that are references too.
        groups: Group of each reference; those of one group show the same part.
        progress: Called with the references encoded and their number.
    """

    def views() -> Iterator[tuple[Sequence[np.ndarray], int]]:
        for done, (image, group) in enumerate(zip(images, groups, strict=True), start=1):
            for copy in (image, *(turned for angle in angles for turned in rotated([image], angle))):
                yield from ((patch_grids(tile), group) for tile in _encoded(copy, encoder, tiling))
            if progress is not None:
                progress(done, len(images))

    banks = bounded_banks(views())
    if max(groups) > 0:
        left_out = [
            _raw(image, [bank.without(group) for bank in banks], encoder, tiling)
            for image, group in zip(images, groups, strict=True)
        ]
    else:
        left_out = [_raw(image, banks, encoder, tiling) for image in small_changes(images[0])]
    return calibrated(banks, left_out, tuple(groups), tuple(angles))


def predict_tiles(
    image: Image.Image, resolution: Resolution, encoder: FeatureEncoder, tiling: Tiling
) -> Prediction:
    """Compares a photograph with the references, tile by tile.

    Returns:
        The score of its worst tile, and the map of all, both calibrated.
    """
    return resolution.calibrated(_raw(image, resolution.banks, encoder, tiling))


def _raw(
    image: Image.Image, banks: Sequence[PatchBank], encoder: FeatureEncoder, tiling: Tiling
) -> Prediction:
    found = [compare(tile, banks) for tile in _encoded(image, encoder, tiling)]
    size = tiling.brought(image).size
    return Prediction(
        max(one.score for one in found), tiling.together([one.anomaly_map for one in found], size)
    )


def _encoded(image: Image.Image, encoder: FeatureEncoder, tiling: Tiling) -> Iterator[Features]:
    brought = tiling.brought(image)
    edges = tiling.edges(brought.size)
    for start in range(0, len(edges), AT_ONCE):
        for tile in encoder.encode([brought.crop(one) for one in edges[start : start + AT_ONCE]]):
            yield replace(tile, global_branch=())  # the look at the whole tells what is wrong at large
