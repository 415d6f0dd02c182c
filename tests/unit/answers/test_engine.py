import pytest

from echo_agent.answers.engine import answer_measured
from echo_agent.answers.inspected import Inspected, Strongest
from echo_agent.answers.what_if import limit_in, what_if_limit
from echo_agent.state import (
    ChecklistFinding,
    Guarantee,
    ImageRef,
    KnowledgeEvidence,
    Question,
    ToleranceFinding,
)
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


@pytest.mark.parametrize(
    ("p_value", "told"),
    [(1 / 11, "None of the 10 known good parts differs as much"), (3 / 11, "About 27 % of good parts would")],
)
def test_the_smallest_share_that_the_good_parts_can_show_is_told_as_none_of_them(p_value, told):
    known = Guarantee(normals=10, expected_false_reject=1 / 11, bound_95=0.26, normals_missing=0)
    assert told in ask(Inspected(a_verdict(p_value=p_value, guarantee=known), IMAGE), "How sure are you?")


def test_broken_and_intact_are_told_apart():
    told = ask(Inspected(a_verdict(), IMAGE), "Is it ok? A) it is intact B) it is broken")
    assert told.startswith("B) it is broken")


def test_a_broken_tolerance_is_told_with_its_finding(with_card):
    told = ask(with_card, "Is it within tolerance?")
    assert told.startswith("It is out of tolerance.")
    assert "[T1]" in told


def test_what_cannot_be_measured_is_not_claimed(with_card):
    assert "cannot be measured" in ask(with_card, "What kind of defect is it?")
    assert "rust" in ask(with_card, "What effect does it have?")
    assert answer_measured(Question(text="Who made it?"), with_card).declined


def test_a_border_too_uncertain_cannot_be_told():
    region = a_region(area_px=240, area_px_low=100, area_px_high=500)
    faint = Inspected(a_verdict(regions=(region,)), IMAGE)
    assert "whether R1 keeps it cannot be told" in what_if_limit("240 px2", faint)
    assert "above 0" in what_if_limit("0 px", faint)
    assert "change nothing" in what_if_limit("3 px", Inspected(a_verdict("normal"), IMAGE))


def test_a_limit_in_millimetres_without_a_scale_names_the_remedy():
    told = ask(Inspected(a_verdict(), IMAGE), "What if the limit were 3 mm?")
    assert "mm_per_pixel" in told
    assert "44 px long, 22 % of the photograph's longer side [R1]" in told


def test_without_an_area_the_strongest_place_is_told_unless_the_part_is_normal():
    strongest = Strongest("top right", 0.95)
    review = a_verdict("review", regions=())
    assert "largest at the top right, at 95 %" in ask(Inspected(review, IMAGE, strongest), "Where is it?")
    assert "top right" not in ask(Inspected(a_verdict("normal"), IMAGE, strongest), "Where is it?")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What should I do with this part?", "Set it aside"),
        ("Are all four screws there?", "cannot count pieces"),
        ("How many defects?", "One area stands out: R1, at the top centre"),
        ("What product is this?", "compared with plate (as you said"),
        ("How sure are you?", "93 % sure (uncalibrated) that it is defective"),
        ("Why?", "- The score 3.10 lies above"),
        ("What kind of defect is it?", "not what it is"),
        ("Thanks!", "Ask me for"),
    ],
)
def test_a_person_gets_a_plain_answer(text, words):
    assert words in ask(Inspected(a_verdict(), IMAGE), text)


def test_the_checklist_is_told_with_what_was_counted():
    finding = ChecklistFinding(
        id="C1",
        statement="four screws are present",
        holds=False,
        expected=4,
        counted=3,
        reason="3 of 4 found.",
    )
    inspected = Inspected(a_verdict(knowledge=KnowledgeEvidence(checklist=(finding,))), IMAGE)
    assert ask(inspected, "Is a screw missing?") == "- four screws are present: no. 3 of 4 found. [C1]"


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("3 mm", "3 mm"),
        ("if 0,5 mm² were allowed", "0.5 mm2"),
        ("40 pixels", "40 px"),
        ("200 square pixels", "200 px2"),
        ("2 percent", "2 %"),
        ("12 px2", "12 px2"),
        (".5 %", "0.5 %"),
        ("-3 px", "-3 px"),
        ("3mm", "3 mm"),
        ("2-3 mm", None),
        ("1e3 px", None),
        ("1,000 px", None),
        ("1.234.567 px", None),
        ("0,125 mm", "0.125 mm"),
        ("3 metres", None),
        ("part 3", None),
    ],
)
def test_limits_are_read_with_their_unit(text, limit):
    assert limit_in(text) == limit


def test_where_the_references_take_no_part_nothing_is_said_to_have_been_measured():
    alone = a_verdict("review", score=None, regions=(), references=())
    assert "nothing was measured" in ask(Inspected(alone, IMAGE), "Where is it?")


@pytest.mark.parametrize(
    ("question", "label", "begins"),
    [
        ("Is it free of defects?", "defective", "No. "),
        ("Is it free of defects?", "normal", "Yes. "),
        ("Is anything wrong with it?", "defective", "Yes. "),
        ("Is it scratched?", "normal", "No. "),
        ("Is it scratched?", "defective", "plate: "),
        ("Is it free of defects?", "review", "plate: "),
        ("Is it normal or defective?", "defective", "plate: "),
    ],
)
def test_a_question_about_the_part_is_answered_with_yes_or_no_where_the_verdict_says_it(
    question, label, begins
):
    assert ask(Inspected(a_verdict(label=label), IMAGE), question).startswith(begins)


def test_what_is_out_of_tolerance_is_told_alike_whichever_way_it_is_asked(with_card):
    assert ask(with_card, "Is it out of spec?") == ask(with_card, "Is it within spec?")


@pytest.mark.parametrize(
    "text", ["Is there a defect at the bottom?", "Is the left side ok?", "Is there any damage on the edge?"]
)
def test_of_one_place_of_a_defective_part_neither_yes_nor_no_is_said(text):
    told = ask(Inspected(a_verdict(), IMAGE), text)
    assert told.startswith("plate: defective")
    assert "R1 at the top centre" in told
    assert ask(Inspected(a_verdict("normal"), IMAGE), text).startswith(("Yes. plate", "No. plate"))
