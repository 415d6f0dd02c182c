"""A language model that always says normal: it passes no part whose score is above the threshold."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from langchain_core.messages import AIMessage, BaseMessage
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.stress.attack import Attack
from benchmarks.stress.parts import drawn_part, open_memory
from echo_agent.inspector import Inspector
from echo_agent.mllm.decider import MllmDecider
from echo_agent.mllm.prompts import CasePrompt
from echo_agent.mllm.scoring import ScoredPrompt
from echo_agent.state import DecidedBy

REFERENCES = (2, 4, 9, 16)

Change = Callable[[Image.Image, np.random.Generator], Image.Image]


class AlwaysNormal:
    """A scorer that is sure that each part is normal, and takes the first answer to everything else."""

    def __init__(self, defective: float = 0.001) -> None:
        self.prompts: list[CasePrompt] = []
        self._defective = defective

    def score(self, prompts: Sequence[CasePrompt], orders: int) -> list[ScoredPrompt]:
        """Says normal."""
        self.prompts += prompts
        return [
            ScoredPrompt({q.name: self._said(q.name, q.options) for q in prompt.questions})
            for prompt in prompts
        ]

    def _said(self, name: str, options: Sequence[tuple[str, str]]) -> dict[str, float]:
        if name == "verdict":
            return {"normal": 1 - self._defective, "defective": self._defective}
        keys = [key for key, _ in options]
        return {key: 1.0 if key == keys[0] else 0.0 for key in keys}

    @staticmethod
    def decided_by() -> DecidedBy:
        """Names it."""
        return DecidedBy(name="mllm", model="always-normal", revision="1")


def always_normal(scorer: AlwaysNormal, text: str = "{}") -> MllmDecider:
    """A Decision Maker over the scorer, which writes always the same."""

    def write(_: list[BaseMessage]) -> AIMessage:
        return AIMessage(text)

    return MllmDecider(scorer, write)


def _dent(part: Image.Image, draw: np.random.Generator) -> Image.Image:
    x, y = int(draw.integers(50, 90)), int(draw.integers(40, 70))
    ImageDraw.Draw(part).ellipse((x - 9, y - 9, x + 9, y + 9), fill=(90, 90, 95))
    return part


def _scrape(part: Image.Image, draw: np.random.Generator) -> Image.Image:
    y = int(draw.integers(20, 70))
    ImageDraw.Draw(part).line((50, y, 118, y + int(draw.integers(-12, 12))), fill=(225, 225, 230), width=3)
    return part


def _foreign(part: Image.Image, draw: np.random.Generator) -> Image.Image:
    x, y = int(draw.integers(50, 95)), int(draw.integers(10, 60))
    ImageDraw.Draw(part).rectangle(
        (x, y, x + 20, y + 20), fill=tuple(int(c) for c in draw.integers(0, 255, 3))
    )
    return part


def _blurred(part: Image.Image, draw: np.random.Generator) -> Image.Image:
    return part.filter(ImageFilter.GaussianBlur(float(draw.uniform(1.5, 5))))


def _dark(part: Image.Image, draw: np.random.Generator) -> Image.Image:
    factor = float(draw.uniform(0.1, 0.6))
    return part.point(lambda value: int(value * factor))


def _flat(part: Image.Image, draw: np.random.Generator) -> Image.Image:
    return Image.new("RGB", part.size, tuple(int(c) for c in draw.integers(60, 200, 3)))


CHANGES: tuple[Change, ...] = (_dent, _scrape, _foreign, _blurred, _dark, _flat)


def run(folder: Path, attempts: int) -> Iterator[str | None]:
    """Inspects changed parts with few and more references, and counts those whose score is above the threshold."""
    inspectors = {}
    for count in REFERENCES:
        memory = open_memory(folder / f"memory-{count}", create=True)
        memory.register("plate", [drawn_part(seed) for seed in range(count)])
        inspectors[count] = Inspector(memory, decider=always_normal(AlwaysNormal()))
    tried = 0
    for seed in itertools.count():
        for count, change in itertools.product(REFERENCES, CHANGES):
            if tried == attempts:
                return
            part = change(drawn_part(1000 + seed), np.random.default_rng(seed))
            verdict = inspectors[count].inspect(part, product="plate")
            score, threshold = verdict.score, verdict.threshold
            if score is None or threshold is None or score <= threshold:
                continue
            tried += 1
            passed = verdict.label == "normal"
            kind = change.__name__.strip("_")
            yield (
                f"{kind}, {count} references: {score:.2f} above {threshold:.2f} is normal" if passed else None
            )


ATTACKS = (
    Attack(
        "always-normal",
        "a model that says normal, on parts above the threshold, with 2, 4, 9 and 16 references",
        run,
        short=48,
        long=1000,
    ),
)
