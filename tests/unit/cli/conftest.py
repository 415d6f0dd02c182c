import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from echo_agent.errors import ProductError
from echo_agent.images.decoding import load_image
from echo_agent.images.depth import Depth
from echo_agent.images.stored import store_image
from echo_agent.state import Guarantee, ImageRef
from echo_agent.strictness import StrictnessSettings
from tests.verdicts import a_verdict

PROMISE = Guarantee(normals=2, expected_false_reject=0.33, bound_95=0.78, normals_missing=7)


@dataclass
class FakeRecord:
    """Stands in for a ``ProductRecord``."""

    name: str
    references: tuple[str, ...] = ("a", "b")
    version: int = 1
    encoder: str = "fake"
    normals: int = 1
    card: str | None = None
    created: str = "2026-11-23"
    guarantee: Guarantee = PROMISE
    origin: str = "registered"
    learnt: tuple[str, ...] = ()
    depth: Depth | None = None
    second: None = None
    tiles: int | None = None
    strictness: StrictnessSettings = field(default_factory=StrictnessSettings)

    def model_dump(self, mode="python"):
        return {"name": self.name, "version": self.version}

    def model_dump_json(self):
        return f'{{"name": "{self.name}"}}'


@dataclass
class FakeMemory:
    """Stands in for a memory with the product ``plate``."""

    folder: Path
    records: list[FakeRecord] = field(default_factory=lambda: [FakeRecord("plate")])

    inspections = SimpleNamespace(answered=lambda most: [])

    @classmethod
    def open(cls, folder, **_):
        return cls(folder)

    def products(self):
        return self.records

    def product(self, name):
        for record in self.records:
            if record.name == name:
                return record
        raise ProductError(f"{name} is not registered in\n{self.folder}")

    def remove(self, name):
        self.records.remove(self.product(name))

    def store_image(self, image, product=None):
        return store_image(image, self.folder / "images")

    def anomaly_map(self, map_id, size=None):
        return np.full((4, 4), 2, dtype=np.float32)


@dataclass
class FakeInspector:
    """Stands in for an inspector: a photograph with a dark pixel in it is defective."""

    memory: FakeMemory
    options: dict

    @classmethod
    def open(cls, memory=None, **options):
        opened = cls(FakeMemory(Path(memory)), options)
        OPENED.append(opened)
        return opened

    def register(self, product, images, *, progress, **options):
        self.registered = {"product": product, "images": images, **options}
        for done in range(3):
            progress(done + 1, 3)
        return FakeRecord(product)

    def inspect(self, image, *, product=None, question=None, name=None, record=True, lot=None):
        file = image.uri if isinstance(image, ImageRef) else image
        dark = np.asarray(load_image(file)).min() < 30
        label, score = ("defective", 3.1) if dark else ("normal", 0.9)
        return a_verdict(label, score=score, map_id="m", product=product or "plate")


OPENED: list[FakeInspector] = []


@pytest.fixture
def fake_inspector(monkeypatch):
    """Puts the fake inspector and memory in place of the real ones; gives the inspectors that were opened."""
    OPENED.clear()
    inspector, resources = ModuleType("echo_agent.inspector"), ModuleType("echo_agent.resources")
    inspector.Inspector = FakeInspector
    resources.open_memory = FakeMemory.open
    monkeypatch.setitem(sys.modules, "echo_agent.inspector", inspector)
    monkeypatch.setitem(sys.modules, "echo_agent.resources", resources)
    return OPENED
