"""What an answer is about: an inspected photograph, its verdict and its product's card."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from echo_agent.answers.one_shot import likelier_defective
from echo_agent.knowledge.card import Card
from echo_agent.knowledge.loader import read_card
from echo_agent.knowledge.measurement import Frame
from echo_agent.memory.memory import Memory
from echo_agent.state import ImageRef, Verdict
from echo_agent.vision.features import Array
from echo_agent.vision.places import place_shares
from echo_agent.vision.regions import place_in_words

GRID = 48
"""Cells a side of the grid on which the boxes of areas are drawn."""


@dataclass(frozen=True)
class Strongest:
    """Where an anomaly map is highest: the place in words, and the value (1 is the highest among good parts)."""

    place: str
    value: float


class Inspected:
    """An inspected part, as every answer sees it.

    Args:
        verdict: What Echo said of the part.
        image: The photograph.
        strongest: Where its anomaly map is highest, for a part on which no area stands out.
    """

    def __init__(self, verdict: Verdict, image: ImageRef, strongest: Strongest | None = None) -> None:
        self.verdict = verdict
        self.image = image
        self.strongest = strongest
        known = verdict.knowledge.card_file if verdict.knowledge is not None else None
        self.card: Card | None = read_card(Path(known)).card if known is not None else None
        self.frame = Frame.of(image.width, image.height, self.card.scale if self.card else None)

    @classmethod
    def from_memory(cls, verdict: Verdict, image: ImageRef, memory: Memory) -> "Inspected":
        """Looks up, for a part that is not normal though no area stands out, where its anomaly map is highest."""
        if verdict.label == "normal" or verdict.regions or verdict.map_id is None:
            return cls(verdict, image)
        return cls(verdict, image, strongest_place(memory.anomaly_map(verdict.map_id)))

    def probability_defective(self) -> float | None:
        """Probability that the part is defective, 0..1: the side of the verdict, with its confidence.

        Returns:
            For ``review`` that of the last attempt, no surer than the verdict; with a single reference that of
            ``one_shot``. None where nothing was measured.
        """
        verdict = self.verdict
        sure = max(verdict.confidence, 0.5)
        if verdict.label != "review":
            return sure if verdict.label == "defective" else 1 - sure
        attempted = verdict.attempts[-1].probabilities.get("defective") if verdict.attempts else None
        if attempted is not None:
            return min(attempted, sure) if attempted >= 0.5 else max(attempted, 1 - sure)
        return likelier_defective(verdict.evidence) if verdict.score is not None else None

    def places(self) -> tuple[float, ...]:
        """Shares of a 3 x 3 grid, row by row: how likely a defect's middle lies there; empty without a comparison.

        By the anomaly map where its shares are known, else by the boxes of the areas.
        """
        verdict = self.verdict
        if verdict.evidence is None or verdict.evidence.places or not verdict.regions:
            return verdict.evidence.places if verdict.evidence is not None else ()
        drawn = np.zeros((GRID, GRID), dtype=np.float32)
        across, down = GRID / self.image.width, GRID / self.image.height
        for region in verdict.regions:
            box = region.box
            rows = slice(int(box.top * down), math.ceil(box.bottom * down))
            drawn[rows, int(box.left * across) : math.ceil(box.right * across)] = region.peak
        return place_shares(drawn)


def strongest_place(anomaly_map: Array) -> Strongest:
    """Finds where an anomaly map ``(rows, columns)`` is highest."""
    rows, columns = anomaly_map.shape
    row, column = divmod(int(np.argmax(anomaly_map)), columns)
    place = place_in_words((column + 0.5, row + 0.5), (columns, rows))
    return Strongest(place, float(anomaly_map[row, column]))


def evidence_ids(verdict: Verdict) -> Sequence[str]:
    """Returns the ids under which an answer may cite the evidence of a verdict."""
    knowledge = verdict.knowledge
    ids = ["E1", *(region.id for region in verdict.regions), *(near.id for near in verdict.references)]
    if knowledge is not None:
        ids += ["K", *(passage.id for passage in knowledge.citations)]
        ids += [finding.id for finding in knowledge.tolerances]
        ids += [finding.id for finding in knowledge.checklist]
    return ids
