"""What an encoder makes of an image, and what an encoder is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Features:
    """Features of one image.

    Attributes:
        patches: Patch features ``(rows, columns, channels)``, float32, of unit length in every level.
        embedding: Image embedding ``(dimensions,)``, float32, of unit length.
        fine: How many of the first channels say where something is; the others, of coarse levels, only tell what.
            All of them where not given.
    """

    patches: Array
    embedding: Array
    fine: int | None = None


class Encoder(Protocol):
    """Turns images into features.

    Attributes:
        name: What ``load_encoder`` opens this very encoder by, from any working folder.
    """

    name: str

    @property
    def id(self) -> str:
        """Name and size: features of encoders with different ids cannot be compared."""
        ...

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Features]:
        """Encodes RGB images; ``scale`` multiplies the encoder's own working resolution."""
        ...
