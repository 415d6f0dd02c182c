"""What a conversation is about: an inspected photograph, its verdict and its product's card."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from echo_agent.knowledge.card import Card
from echo_agent.knowledge.loader import read_card
from echo_agent.knowledge.measurement import Frame
from echo_agent.state import ImageRef, Verdict
from echo_agent.vision.features import Array
from echo_agent.vision.regions import place_in_words


@dataclass(frozen=True)
class Strongest:
    """Where an anomaly map is highest: the place in words, and the value (1 is the highest among good parts)."""

    place: str
    value: float


class Inspected:
    """What is talked about.

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
