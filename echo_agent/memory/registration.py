"""From a list of good photographs to a version of a product."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image

from echo_agent.errors import ImageError, ProductError
from echo_agent.images.depth import EIGHT_BITS, Depth, found_depth, parse_depth
from echo_agent.images.ignored import Ignored
from echo_agent.images.in_memory import ImageLike, is_tensor, value_range
from echo_agent.images.listing import list_images
from echo_agent.memory.normal_model import Fitted
from echo_agent.memory.product import NamedEncoder, ProductRecord, SetBy, promised, readable_name
from echo_agent.names import canonical_name, spelled
from echo_agent.state import ImageRef
from echo_agent.strictness import StrictnessSettings
from echo_agent.vision.features import Array, FeatureEncoder
from echo_agent.vision.tiles import MIN_SIDE

MAX_NAME_LENGTH = 100

SIMILARITY_SLACK = 3.0
"""An image resembles a product up to this multiple of the largest distance between its own references."""

MIN_REACH, MAX_REACH = 0.45, 0.60
"""Cosine distances between which the reach of a product is kept: defective parts stay near, other products do not."""


def check_name(product: str) -> str:
    """Returns the name as it is kept; see ``spelled``.

    Raises:
        ProductError: The name is empty, too long, or holds control characters.
    """
    name = spelled(product)
    if not name or len(name) > MAX_NAME_LENGTH or not product.strip().isprintable():
        raise ProductError(
            f"{product!r} is no name for a product: give 1 to {MAX_NAME_LENGTH} printable characters"
        )
    return name


def known_or_new(name: str, products: Mapping[str, ProductRecord]) -> ProductRecord | None:
    """The product of that name; None where it is a new one.

    Raises:
        ProductError: It is registered in another case or with other joints: a slip would part its references.
    """
    alike = next((known for known in products if canonical_name(known) == canonical_name(name)), name)
    if name not in products and alike != name:
        raise ProductError(
            f"{name!r} is registered as {alike!r}: say that, or another name for another product"
        )
    return products.get(name)


def check_tiles(side: int | None) -> None:
    """Checks the side of tiles in pixels; 0 is none, and None says nothing.

    Raises:
        ProductError: They are too small.
    """
    if side and side < MIN_SIDE:
        raise ProductError(f"tiles of {side} pixels are too small: give {MIN_SIDE} or more, or 0 for none")


def version_key(product: str, version: int, generation: int) -> str:
    """Folder and index key of a version: readable, unique over the life of a memory, and safe as a file name."""
    return f"{readable_name(product)}-{sha256(product.encode()).hexdigest()[:8]}-v{version}-{generation}"


def given_images(
    product: str,
    images_or_folder: ImageLike | Sequence[ImageLike],
    shots: int | None,
    *,
    recursive: bool = False,
) -> Sequence[ImageLike]:
    """The images that a product is to be registered from.

    Args:
        product: Its name.
        images_or_folder: A folder of image files, images, or a single image that is no file.
        shots: How many are wanted; all where not given.
        recursive: Whether the folders below are taken too.

    Raises:
        ImageError: There is none.
        ProductError: None is wanted.
    """
    if isinstance(images_or_folder, str | Path):
        given: Sequence[ImageLike] = list_images(images_or_folder, recursive=recursive)
    elif _is_single(images_or_folder):
        given = [cast(ImageLike, images_or_folder)]
    else:
        given = list(cast(Sequence[ImageLike], images_or_folder))
    if not given:
        raise ImageError(f"no image of a normal {product} was given: at least one is needed")
    if shots is not None and shots < 1:
        raise ProductError(f"{shots} shots leave {product} without a reference: ask for at least 1")
    return given


def depth_of(given: Sequence[ImageLike], said: str | None, before: ProductRecord | None) -> Depth | None:
    """Which values are black and white in a product's photographs of more than 8 bits.

    Args:
        given: The photographs that are registered.
        said: What a person says of it; found out over the photographs where not given.
        before: The version that they join, whose depth holds for them too; None where they join none.

    Returns:
        The depth; None where they join a version that leaves it to the kind of file.

    Raises:
        ImageError: The photographs leave it open, or one cannot be read.
        ProductError: The version before has another one.
    """
    if before is not None and before.depth != EIGHT_BITS:
        if said is not None and parse_depth(said) != before.depth:
            raise ProductError(
                f"{before.name} is read with {before.depth or 'the depth of its files'}: register all of its "
                "photographs anew by --replace to change that"
            )
        return before.depth
    if said is not None:
        return parse_depth(said)
    return found_depth([values for values in map(value_range, given) if values is not None])


def _is_single(given: ImageLike | Sequence[ImageLike]) -> bool:
    """Whether this is one image, not several; an array or tensor of four axes is several."""
    if isinstance(given, np.ndarray) or is_tensor(given):
        return given.ndim <= 3
    return isinstance(given, Image.Image | bytes)


def in_order(given: Sequence[ImageLike], shots: int | None, seed: int) -> list[ImageLike]:
    """The images in the order in which references are taken: shuffled by the seed where only some are wanted."""
    ordered = list(given)
    if shots is not None:
        random.Random(seed).shuffle(ordered)
    return ordered


def similarity_floor(embeddings: Array, groups: Sequence[int]) -> float:
    """Lowest similarity to the nearest reference at which an image still resembles the product.

    Args:
        embeddings: ``(references, dimensions)``, of unit length.
        groups: Group of each reference; those of one group show the same part.

    Returns:
        Cosine similarity: 1 minus three times the largest distance of a reference to its nearest one of another
        group, that reach kept between 0.45 and 0.60; for a single group the reach is 0.45.
    """
    if len(set(groups)) < 2:
        return 1.0 - MIN_REACH
    similarities = embeddings @ embeddings.T
    similarities[np.equal.outer(groups, groups)] = -1.0
    farthest = float(1.0 - similarities.max(axis=1).min())
    return 1.0 - min(max(SIMILARITY_SLACK * farthest, MIN_REACH), MAX_REACH)


def make_record(
    product: str,
    version: int,
    generation: int,
    encoder: FeatureEncoder,
    *,
    second: NamedEncoder | None,
    origin: str,
    references: Sequence[ImageRef],
    fitted: Fitted,
    any_angle: bool,
    ignored: Ignored,
    tiles: int | None,
    depth: Depth | None,
    strictness: StrictnessSettings,
    strictness_by: SetBy | None,
) -> ProductRecord:
    """Makes the catalog's entry of a version that is written as that generation of the catalog."""
    groups = fitted.resolution.groups
    return ProductRecord(
        name=product,
        version=version,
        origin=origin,
        encoder=encoder.id,
        second=second,
        folder=f"products/{version_key(product, version, generation)}",
        references=tuple(references),
        similarity_floor=similarity_floor(fitted.embeddings, groups),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        guarantee=promised(len(set(groups)), len(references), strictness),
        any_angle=any_angle,
        ignored=ignored,
        tiles=tiles,
        depth=depth,
        strictness=strictness,
        strictness_by=strictness_by,
    )
