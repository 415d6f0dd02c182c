"""An encoder of one's own: arrays of patch features are enough."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

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
    """An encoder of one's own as Echo asks one.

    Raises:
        EncoderError: It is none: it has no name and id as text, or no ``encode``.
    """
    named = all(isinstance(getattr(own, name, None), str) for name in ("name", "id"))
    if isinstance(own, type) or not named or not callable(getattr(own, "encode", None)):
        what = f"the class {own.__name__}" if isinstance(own, type) else type(own).__name__
        raise EncoderError(
            f"{what} is no encoder: give an object with name and id, which are text, and encode(images, *, scale)"
        )
    return _OwnEncoder(own)


class _OwnEncoder:
    def __init__(self, own: Encoder) -> None:
        self.name = own.name
        self._own = own
        self._channels: int | None = None

    @property
    def id(self) -> str:
        return self._own.id

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Features]:
        given = self._own.encode(images, scale=scale)
        if not isinstance(given, Iterable) or isinstance(given, Mapping):
            raise EncoderError(
                f"the encoder {self.name} gave {type(given).__name__}: give a list, with the features of each image"
            )
        encoded = list(given)
        if len(encoded) != len(images):
            raise EncoderError(
                f"the encoder {self.name} gave {len(encoded)} results for {len(images)} images: give one for each"
            )
        return [self._features(one) for one in encoded]

    def _features(self, given: Encoded) -> Features:
        if isinstance(given, Features):
            return given
        first, *rest = given if isinstance(given, tuple) and given else (given,)
        patches = self._numbers(first, "patches", "(rows, columns, channels)")
        channels = patches.shape[2]
        if self._channels not in {None, channels}:
            raise EncoderError(
                f"the encoder {self.name} gave patches with {channels} channels, and {self._channels} before: give "
                "the same number for every image"
            )
        self._channels = channels
        if not rest:
            return Features.of_patches(patches, patches.mean(axis=(0, 1)))
        embedding = self._numbers(rest[0], "an image embedding", "(dimensions,)")
        if not embedding.any():
            raise EncoderError(f"the encoder {self.name} gave an image embedding of zeros: it says nothing")
        return Features.of_patches(patches, embedding)

    def _numbers(self, given: Any, what: str, shape: str) -> Array:
        """Finite numbers with as many axes as the shape has names; tensors of any device and precision are taken."""
        if hasattr(given, "detach"):
            given = given.detach().float().cpu().numpy()
        try:
            found = np.asarray(given)
            with np.errstate(over="ignore"):
                numbers = found.real.astype(np.float32)
        except (TypeError, ValueError) as error:
            raise EncoderError(
                f"the encoder {self.name} gave {what} that are no numbers: give them as {shape}"
            ) from error
        axes = shape.rstrip(",)").count(",") + 1
        wrong = numbers.ndim != axes or not numbers.size or np.iscomplexobj(found)
        if wrong or not np.isfinite(numbers).all():
            raise EncoderError(
                f"the encoder {self.name} gave {what} of the shape {found.shape} and the type {found.dtype}: give "
                f"finite real numbers of the shape {shape}"
            )
        return numbers
