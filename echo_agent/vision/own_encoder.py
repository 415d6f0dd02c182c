"""An encoder of one's own: arrays of patch features are enough."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from PIL import Image

from echo_agent.errors import EncoderError
from echo_agent.vision.features import Array, FeatureEncoder, Features

Encoded = Features | Array | tuple[Array, Array]
"""What an encoder may make of an image: patches, or patches and an image embedding, or Echo's own ``Features``."""


class Encoder(Protocol):
    """Turns images into features of patches. One of your own is handed to ``Memory.open``.

    Examples:
        >>> import numpy as np
        >>> from echo_agent import Encoder, Memory
        >>> class Colours:
        ...     name = id = "colours"
        ...
        ...     def encode(self, images, *, scale=1.0):
        ...         return [np.asarray(image.resize(self.grid(image, 48 * scale)), float) for image in images]
        ...
        ...     def grid(self, image, longer):
        ...         return [max(1, round(side * longer / max(image.size))) for side in image.size]
        >>> encoder: Encoder = Colours()
        >>> memory = Memory.open("colour-memory", encoder=encoder, create=True)
        >>> memory.register("plate", "photographs/good").name
        'plate'

    Attributes:
        name: What it is called.
    """

    name: str

    @property
    def id(self) -> str:
        """All that its features depend on: a memory that was made with another id is not opened with it."""
        ...

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> Sequence[Encoded]:
        """Encodes images.

        Args:
            images: RGB images of any size.
            scale: How much finer than usual the grid of patches shall be; 1 at the first look, more in a retry.

        Returns:
            For each image the features of its patches ``(rows, columns, channels)``, or the pair of these and an image
            embedding ``(dimensions,)``, which is the mean of the patches where it is not given. Lengths do not count.
            The features of an image are the same alone as in any batch.
        """
        ...


def as_feature_encoder(own: Encoder) -> FeatureEncoder:
    """An encoder of one's own as Echo asks one."""
    return _OwnEncoder(own)


class _OwnEncoder:
    def __init__(self, own: Encoder) -> None:
        self.name = own.name
        self._own = own

    @property
    def id(self) -> str:
        return self._own.id

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Features]:
        encoded = self._own.encode(images, scale=scale)
        if len(encoded) != len(images):
            raise EncoderError(
                f"the encoder {self.name} gave {len(encoded)} results for {len(images)} images: give one for each"
            )
        return [self._features(one) for one in encoded]

    def _features(self, given: Encoded) -> Features:
        if isinstance(given, Features):
            return given
        first, *rest = given if isinstance(given, tuple) else (given,)
        patches = np.asarray(first, dtype=np.float32)
        if patches.ndim != 3 or not patches.size or not np.isfinite(patches).all():
            raise EncoderError(
                f"the encoder {self.name} gave patches of the shape {patches.shape}: give finite numbers of the shape "
                "(rows, columns, channels)"
            )
        embedding = np.asarray(rest[0], dtype=np.float32) if rest else patches.mean(axis=(0, 1))
        return Features.of_patches(patches, embedding)
