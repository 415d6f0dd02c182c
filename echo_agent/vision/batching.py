"""Encoding images of different working sizes in batches."""

from collections.abc import Callable, Sequence

from PIL import Image

from echo_agent.vision.features import Features

LARGEST_BATCH = 16
"""Images encoded at once: bounds the memory of the activations."""

Size = tuple[int, int]


def encode_by_size(
    images: Sequence[Image.Image],
    sizes: Sequence[Size],
    encode: Callable[[Sequence[Image.Image], Size], list[Features]],
) -> list[Features]:
    """Encodes images, those of one working size together.

    Args:
        images: RGB images of any size.
        sizes: Working size (width, height) of each.
        encode: Encodes images at one working size.

    Returns:
        Features in the order of the images.
    """
    found: dict[int, Features] = {}
    for size in dict.fromkeys(sizes):
        members = [index for index, other in enumerate(sizes) if other == size]
        for start in range(0, len(members), LARGEST_BATCH):
            batch = members[start : start + LARGEST_BATCH]
            found.update(zip(batch, encode([images[index] for index in batch], size), strict=True))
    return [found[index] for index in range(len(images))]
