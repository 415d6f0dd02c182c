"""Encoding images of different working sizes in batches."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from PIL import Image

from echo_agent.vision.features import Features

MAX_BATCH = 16
"""Images encoded at once: bounds the memory of the activations."""

Size = tuple[int, int]
"""Width and height."""

AnySize = TypeVar("AnySize", bound=Hashable)
"""A working size, or all that an image is encoded at."""


def encode_by_size(
    images: Sequence[Image.Image],
    sizes: Sequence[AnySize],
    encode: Callable[[Sequence[Image.Image], AnySize], list[Features]],
) -> list[Features]:
    """Encodes images, those of one working size together.

    Args:
        images: RGB images of any size.
        sizes: Working size of each, or its sizes where it is encoded at several.
        encode: Encodes images at one working size.

    Returns:
        Features in the order of the images.
    """
    found: dict[int, Features] = {}
    for size in dict.fromkeys(sizes):
        members = [index for index, other in enumerate(sizes) if other == size]
        for start in range(0, len(members), MAX_BATCH):
            batch = members[start : start + MAX_BATCH]
            found.update(zip(batch, encode([images[index] for index in batch], size), strict=True))
    return [found[index] for index in range(len(images))]
