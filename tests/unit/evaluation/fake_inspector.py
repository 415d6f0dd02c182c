"""A fake Inspector: its score is how far an image's mean brightness lies from that of the references."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from echo_agent.images.decoding import load_image
from echo_agent.images.stored import store_image
from echo_agent.state import Attempt, DecidedBy, ImageRef, Verdict


@dataclass
class FakeMemory:
    maps: dict[str, np.ndarray] = field(default_factory=dict)

    def anomaly_map(self, map_id: str, size: tuple[int, int] | None = None) -> np.ndarray:
        return self.maps[map_id]

    def store_image(self, image: Path, product: str | None = None) -> ImageRef:
        return store_image(image, image.parent)


@dataclass
class FakeInspector:
    folder: Path
    threshold: float = 20.0
    review_above: float = 1e9
    memory: FakeMemory = field(default_factory=FakeMemory)
    registered: list[Path] = field(default_factory=list)
    normal: float = 0.0

    def register(self, product, images, **_options):
        self.registered = list(images)
        self.normal = float(np.mean([np.asarray(load_image(path)).mean() for path in images]))

    def inspect(self, image, *, product=None, question=None, context=None):
        pixels = np.asarray(load_image(image).convert("L"), dtype=np.float32)
        distance = np.abs(pixels - self.normal)
        score = float(distance.mean())
        map_id = str(image)
        self.memory.maps[map_id] = distance / self.threshold
        label = "defective" if score > self.threshold else "normal"
        if score > self.review_above:
            label = "review"
        return Verdict(
            label=label,
            confidence=0.9,
            decided_by=DecidedBy(name="fake", model="fake", revision="1"),
            score=score,
            threshold=self.threshold,
            map_id=map_id,
            attempts=(Attempt(number=1, label=label, confidence=0.9, changed="first look"),),
        )
