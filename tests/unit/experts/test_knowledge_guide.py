"""What the Knowledge Guide does again at a further attempt, and what it leaves as it is."""

from pathlib import Path

import pytest

from echo_agent.experts.knowledge_guide import knowledge_guide
from echo_agent.state import Attempt, CountedPlace, State
from tests.inspection import an_image, resources, some_evidence
from tests.verdicts import a_region

CARD = """\
schema_version: 1
product: plate
normal: A grey plate with one screw.
tolerances:
  - {defect: any, max_area: 50 px2}
checklist:
  - statement: One screw is present.
    what: screws
    reference: complete.png
    places: [[0.1, 0.1, 0.3, 0.3]]
"""


class CountingMemory:
    """Holds one card, and counts how often it is asked to count."""

    def __init__(self, card: Path) -> None:
        self.folder = card.parent
        self._card = card
        self.counts = 0

    def card(self, product):
        return self._card

    def count(self, image, product, places, drawn):
        self.counts += 1
        return tuple(CountedPlace(place="top left", presence="present") for _ in places)


@pytest.fixture
def memory(tmp_path):
    card = tmp_path / "card.yaml"
    card.write_text(CARD, encoding="utf-8")
    (tmp_path / "complete.png").touch()
    return CountingMemory(card)


def test_a_further_attempt_holds_its_regions_and_counts_nothing_again(memory):
    first = State(image=an_image(), reference=some_evidence())
    found = knowledge_guide(first, resources(memory=memory))["knowledge"]
    assert found.checklist[0].holds
    assert not found.tolerances
    attempt = Attempt(number=1, label="review", confidence=0.5, changed="first look")
    again = State(
        image=an_image(), reference=some_evidence(regions=(a_region(),)), knowledge=found, attempts=(attempt,)
    )
    held = knowledge_guide(again, resources(memory=memory))["knowledge"]
    assert [finding.region for finding in held.tolerances] == ["R1"]
    assert held.checklist == found.checklist
    assert held.citations == found.citations
    assert memory.counts == 1
