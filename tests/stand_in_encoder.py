"""An encoder without a network: patches are mean colours, the embedding is a thumbnail. Fast, and blind to nothing."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import pytest
from PIL import Image

from echo_agent.vision.features import FeatureLayer, Features
from echo_agent.vision.resolution import working_size

SIDE, PATCH = 48, 4


class StandInEncoder:
    """Encodes images by their colours.

    Args:
        name: Its id: encoders of other names count as others.
    """

    def __init__(self, name: str = "stand-in") -> None:
        self.id = name
        self.name = name
        self.encoded = 0

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Features]:
        self.encoded += len(images)
        return [self._encode(image, scale) for image in images]

    @staticmethod
    def _encode(image: Image.Image, scale: float) -> Features:
        width, height = working_size(*image.size, round(SIDE * scale), PATCH)
        grid = (width // PATCH, height // PATCH)
        calm = image.resize((48, 36), Image.Resampling.BOX)
        patches = np.asarray(calm.resize(grid, Image.Resampling.BOX), dtype=np.float32) / 255
        noise = np.random.default_rng(crc32(calm.tobytes())).normal(0, 0.004, patches.shape)
        patches = (patches + noise).astype(np.float32)
        thumbnail = np.asarray(image.resize((6, 6), Image.Resampling.BOX), dtype=np.float32).ravel() - 127.5
        return Features(
            layers=(FeatureLayer(patches),), embedding=thumbnail / max(float(np.linalg.norm(thumbnail)), 1e-6)
        )


def use_stand_in_encoder(monkeypatch: pytest.MonkeyPatch) -> dict[str, StandInEncoder]:
    """Puts stand-in encoders in place of the real ones; gives those that were loaded, by name."""
    loaded: dict[str, StandInEncoder] = {}
    monkeypatch.setattr(
        "echo_agent.memory.memory.load_encoder",
        lambda name, _: loaded.setdefault(name, StandInEncoder(name)),
    )
    return loaded
