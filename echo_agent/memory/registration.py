"""From a list of good photographs to a version of a product."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np
from PIL import Image

from echo_agent.errors import ProductError
from echo_agent.memory import calibration
from echo_agent.memory.normal_model import EFFORT_SCALES, NormalModel, fit
from echo_agent.memory.product import ProductRecord
from echo_agent.state import ImageRef
from echo_agent.vision.features import Array, Encoder

DEFAULT_FALSE_REJECT = 0.10
LONGEST_NAME = 100

SIMILARITY_SLACK = 3.0
"""An image resembles a product up to this multiple of the largest distance between its own references."""

SMALLEST_REACH = 0.10
"""Cosine distance within which an image resembles a product however alike its references are."""

SINGLE_REACH = 0.25
"""The same for a product of one reference, whose own spread is unknown."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class EncodedReferences:
    """References with their features: for each effort the patch grids, and the embeddings ``(references, d)``."""

    images: tuple[Image.Image, ...]
    grids: tuple[tuple[Array, ...], ...]
    embeddings: Array


def check_name(product: str) -> str:
    """Returns the name without outer blanks.

    Raises:
        ProductError: The name is empty, too long, or holds control characters.
    """
    name = product.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ProductError(
            f"{product!r} is no name for a product: give 1 to {LONGEST_NAME} printable characters"
        )
    return name


def version_key(product: str, version: int) -> str:
    """Folder and index key of a version: readable, unique, and safe as a file name."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", product).strip("-").lower()[:40] or "product"
    return f"{readable}-{sha256(product.encode()).hexdigest()[:8]}-v{version}"


def choose(files: Sequence[ImageRef], shots: int | None, seed: int) -> list[ImageRef]:
    """Chooses references: the first ``shots`` after a seeded shuffle, all where ``shots`` is None or larger.

    Equal images (by digest) count once.
    """
    distinct = list({image.sha256: image for image in files}.values())
    if shots is None:
        return distinct
    random.Random(seed).shuffle(distinct)
    return distinct[:shots]


def encode_references(
    images: Sequence[Image.Image], encoder: Encoder, progress: Progress | None = None
) -> EncodedReferences:
    """Encodes references at all efforts' resolutions, reporting each image to ``progress(done, total)``."""
    grids: list[list[Array]] = [[] for _ in EFFORT_SCALES]
    embeddings = []
    for done, image in enumerate(images, start=1):
        for effort, scale in enumerate(EFFORT_SCALES):
            features = encoder.encode([image], scale=scale)[0]
            grids[effort].append(features.patches)
            if effort == 0:
                embeddings.append(features.embedding)
        if progress is not None:
            progress(done, len(images))
    return EncodedReferences(tuple(images), tuple(tuple(row) for row in grids), np.stack(embeddings))


def fit_references(encoded: EncodedReferences, encoder: Encoder) -> NormalModel:
    """Fits the normal model of encoded references."""
    return fit(encoded.images, encoded.grids, encoder)


def similarity_floor(embeddings: Array) -> float:
    """Lowest similarity to the nearest reference at which an image still resembles the product.

    Args:
        embeddings: ``(references, dimensions)``, of unit length.

    Returns:
        Cosine similarity: 1 minus three times the largest distance of a reference to its nearest other, at least
        0.10 below 1; for a single reference 0.25 below 1.
    """
    if len(embeddings) < 2:
        return 1.0 - SINGLE_REACH
    similarities = embeddings @ embeddings.T
    np.fill_diagonal(similarities, -1.0)
    farthest = float(1.0 - similarities.max(axis=1).min())
    return 1.0 - max(SIMILARITY_SLACK * farthest, SMALLEST_REACH)


def make_record(
    product: str,
    version: int,
    encoder: Encoder,
    *,
    references: Sequence[ImageRef],
    embeddings: Array,
) -> ProductRecord:
    """Makes the catalog's entry of a version."""
    return ProductRecord(
        name=product,
        version=version,
        encoder=encoder.id,
        folder=f"products/{version_key(product, version)}",
        references=tuple(references),
        similarity_floor=similarity_floor(embeddings),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        guarantee=calibration.guarantee(len(references), DEFAULT_FALSE_REJECT),
    )
