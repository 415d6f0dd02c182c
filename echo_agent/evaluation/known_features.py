"""An encoder that encodes each image once, for measurements that draw from the same images many times."""

import hashlib
from collections.abc import Sequence

from PIL import Image

from echo_agent.vision.features import Encoder, Features


class KnownFeatures:
    """Encodes what it has not met before, and keeps all features in memory (0.7 MB an image by the embedded encoder).

    Args:
        encoder: The encoder that does the work.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._known: dict[tuple[str, float], Features] = {}

    @property
    def id(self) -> str:
        """Id of the encoder that does the work."""
        return self._encoder.id

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Features]:
        """Encodes images, told apart by their size and pixels; see ``Encoder``."""
        keys = [(f"{image.size}{hashlib.sha256(image.tobytes()).hexdigest()}", scale) for image in images]
        new = {key: image for key, image in zip(keys, images, strict=True) if key not in self._known}
        if new:
            found = self._encoder.encode(list(new.values()), scale=scale)
            self._known.update(zip(new, found, strict=True))
        return [self._known[key] for key in keys]
