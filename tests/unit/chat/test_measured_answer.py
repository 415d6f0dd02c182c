import pytest

from echo_agent.chat.measured_answer import Inspected, answer_measured
from echo_agent.chat.suppose import suppose_limit
from echo_agent.knowledge.measurement import Frame
from echo_agent.state import ImageRef, KnowledgeEvidence, Question, ToleranceFinding
from tests.verdicts import a_region, a_verdict

IMAGE = ImageRef(uri="part.png", sha256="0" * 64, width=200, height=100)
CARD = """
schema_version: 1
product: plate
normal: A flat plate.
scale: {mm_per_pixel: 0.1}
defects:
  - {name: scratch, look: a thin line, cause: a tool, effect: rust, severity: major}
"""


@pytest.fixture
def with_card(tmp_path):
    """An inspected plate whose card gives a scale of 0.1 mm a pixel."""
    file = tmp_path / "card.yaml"
    file.write_text(CARD)
    finding = ToleranceFinding(
        id="T1", rule="scratch: length at most 2 mm", defect_type="scratch", region="R1", outcome="exceeds",
        measured=4.4, limit=2, unit="mm", reason="The length of R1 is 4.4 mm; this breaks 2 mm.",
    )  # fmt: skip
    known = KnowledgeEvidence(product="plate", card_file=str(file), tolerances=(finding,))
    return Inspected(a_verdict(knowledge=known), IMAGE)


def ask(inspected, text):
    return answer_measured(Question(text=text), inspected).text


def test_sizes_come_in_millimetres_where_the_card_gives_a_scale(with_card):
    assert "4.4 mm" in ask(with_card, "How big is it?")
    assert "exceed" in ask(with_card, "What if the limit were 3 mm?")
    assert "would be within it" in ask(with_card, "What if the limit were 9 mm?")


def test_a_broken_tolerance_is_told_with_its_finding(with_card):
    told = ask(with_card, "Is it within tolerance?")
    assert told.startswith("No, a limit is broken.")
    assert "[T1]" in told


def test_what_cannot_be_measured_is_not_claimed(with_card):
    assert "cannot be measured" in ask(with_card, "What kind of defect is it?")
    assert "rust" in ask(with_card, "What effect does it have?")
    assert answer_measured(Question(text="Who made it?"), with_card).declined


def test_a_border_too_uncertain_cannot_be_told():
    region = a_region(area_px=240, area_px_low=100, area_px_high=500)
    assert "cannot be told" in suppose_limit("240 px2", [region], Frame(200, 100))
    assert "above 0" in suppose_limit("0 px", [region], Frame(200, 100))
    assert "change nothing" in suppose_limit("3 px", [], Frame(200, 100))
