import pytest

from echo_agent.answers.engine import answer_measured
from echo_agent.answers.inspected import Inspected
from echo_agent.state import (
    Attempt,
    Box,
    ChecklistFinding,
    ImageRef,
    KnowledgeEvidence,
    Question,
    ToleranceFinding,
)
from tests.verdicts import a_region, a_verdict

IMAGE = ImageRef(uri="part.png", sha256="0" * 64, width=300, height=300)


def region(left, top, right, bottom, **changes):
    width, height = right - left, bottom - top
    size = {"area_px": width * height, "length_px": (width**2 + height**2) ** 0.5, "place": "centre"}
    return a_region(box=Box(left=left, top=top, right=right, bottom=bottom), **(size | changes))


def unsure(defective, **changes):
    """A verdict of ``review`` at a probability."""
    sure = max(defective, 1 - defective)
    probabilities = {"defective": defective, "normal": 1 - defective}
    attempt = Attempt(
        number=1, label="review", confidence=sure, changed="first look", probabilities=probabilities
    )
    return a_verdict("review", confidence=sure, attempts=(attempt,), **changes)


def with_places(verdict, *places):
    evidence = verdict.evidence.model_copy(update={"places": places})
    return verdict.model_copy(update={"evidence": evidence})


def ask(verdict, text, **options):
    return answer_measured(Question(text=text, options=options), Inspected(verdict, IMAGE))


@pytest.mark.parametrize(
    ("text", "options", "letters"),
    [
        ("Is there any defect in the object?", {"A": "Yes.", "B": "No."}, "AB"),
        ("Is the object free of defects?", {"A": "Yes", "B": "No"}, "BA"),
        ("How is the part?", {"A": "It is normal", "B": "It is damaged"}, "BA"),
        ("Would you ship it?", {"A": "Yes, it is fine", "B": "No, it is damaged"}, "BA"),
        ("Which statement is true?", {"A": "The part is fine", "B": "The part is damaged"}, "BA"),
        ("", {"A": "intact", "B": "broken"}, "BA"),
        ("Please choose:", {"A": "normal", "B": "defective"}, "BA"),
        ("What should I do with it?", {"A": "ship it", "B": "scrap it"}, "BA"),
        ("How would you rate this part?", {"A": "bad", "B": "good"}, "AB"),
    ],
)
def test_whether_there_is_a_defect_follows_the_verdict(text, options, letters):
    for label, letter in zip(("defective", "normal"), letters, strict=True):
        answer = ask(a_verdict(label), text, **options)
        assert answer.letter == letter
        assert answer.confidence == pytest.approx(0.93)
        assert sum(answer.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Is it damaged?", {"A": "Yes, it is fine", "B": "No, it is damaged"}),
        ("Is it fine?", {"A": "Red", "B": "Blue"}),
        ("Is it fine?", {"A": "Yes", "B": "botched"}),
        ("Is it fine?", {"A": "nicht ok", "B": "damaged"}),
        ("Is it fine?", {"A": "It is damaged", "B": "It is broken"}),
        ("Which statement is false?", {"A": "The part is fine", "B": "The part is damaged"}),
        ("Which would be cheaper?", {"A": "fine", "B": "damaged"}),
        ("Which is wrong?", {"A": "It is fine", "B": "It is damaged"}),
        ("Pick the wrong one:", {"A": "It is fine", "B": "It is damaged"}),
        ("What is it not?", {"A": "fine", "B": "damaged"}),
    ],
)
def test_options_that_are_not_surely_understood_are_declined(text, options):
    for label in ("normal", "defective", "review"):
        answer = ask(a_verdict(label), text, **options)
        assert answer.declined
        assert answer.letter is None
        assert "I choose none" in answer.text


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Is there a defect at the bottom?", {"A": "Yes", "B": "No"}),
        ("Is the left side ok?", {"A": "No", "B": "Yes"}),
        ("Is it ok?", {"A": "Yes, it is fine", "B": "No, the left corner is damaged"}),
    ],
)
def test_what_is_asked_of_one_place_is_not_answered_by_the_whole_part(text, options):
    for verdict in (a_verdict(), unsure(0.6)):
        answer = ask(verdict, text, **options)
        assert answer.declined
        assert answer.letter is None
    assert "R1 lies at the top centre" in ask(a_verdict(), text, **options).text
    assert (
        ask(a_verdict("normal"), text, **options).letter
        == "AB"["No" in options["A"] or text.startswith("Is there")]
    )


def test_an_undecided_part_gets_the_likelier_side_and_a_person():
    answer = ask(unsure(0.6), "Is it ok?", A="Yes", B="No")
    assert answer.letter == "B"
    assert answer.confidence == pytest.approx(0.6)
    assert "a person should look" in answer.text
    assert ask(unsure(0.6), "Is it ok?", A="Yes", B="No", C="I cannot tell").letter == "C"


def test_a_tie_and_options_that_say_the_same_are_guesses_on_the_side_of_the_evidence():
    tie = ask(unsure(0.5), "Is it ok?", A="Yes", B="No")
    assert tie.guess
    assert tie.letter == "B"
    both = ask(unsure(0.6), "Is it ok?", A="It is fine", B="It is damaged", C="It is broken")
    assert both.guess
    assert both.letter == "B"


def test_of_a_part_that_nothing_was_measured_of_nothing_is_chosen():
    unknown = a_verdict("review", score=None, p_value=None, threshold=None, attempts=(), product=None)
    assert ask(unknown, "Is it ok?", A="Yes", B="No").declined
    assert ask(unknown, "What object is it?", A="a bolt", B="a nut").declined


def test_the_option_with_the_likeliest_place_is_chosen_by_the_map_before_the_areas():
    places = (0.1, 0, 0, 0, 0.2, 0.3, 0, 0.1, 0.3)
    verdict = with_places(a_verdict(regions=(region(0, 0, 30, 30),)), *places)
    answer = ask(verdict, "Where is it?", A="Top left", B="Centre", C="Bottom right")
    assert answer.letter == "C"
    assert answer.confidence == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("options", "letter", "guess"),
    [
        (("top left", "bottom right"), "A", False),
        (("bottom right", "bottom left"), None, False),
        (("top", "bottom left"), "A", True),
        (("on the label", "top left"), "B", True),
        (("on the label", "on the neck"), None, False),
        (("left half", "right half"), "A", False),
        (("nowhere, it is fine", "top left"), "B", False),
    ],
)
def test_a_place_far_from_what_stands_out_is_never_chosen(options, letter, guess):
    verdict = a_verdict(regions=(region(20, 20, 60, 60, place="top left"),))
    answer = ask(verdict, "Where is the damage?", A=options[0], B=options[1])
    assert answer.letter == letter
    assert answer.guess == guess


def test_on_a_normal_part_there_is_no_place_no_type_and_no_look_unless_it_is_said_to_have_a_defect():
    normal = with_places(a_verdict("normal"), 0.6, *([0.05] * 8))
    places = {"A": "bottom right", "B": "top left"}
    assert ask(normal, "Where is it?", **places).declined
    assert ask(normal, "What type of defect is it?", A="a scratch", B="a dent").declined
    assert ask(normal, "What type of defect is it?", A="a scratch", B="none", C="a dent").letter == "B"
    told = ask(normal, "There is a defect in the object. Where is the defect?", **places)
    assert told.letter == "B"
    assert told.guess


@pytest.mark.parametrize("text", ["What type of defect is it?", "What does the defect look like?"])
def test_by_its_shape_a_line_is_a_crack_and_a_disc_a_pit_as_a_guess_that_says_so(text):
    options = {"A": "a round pit", "B": "a long thin crack line", "C": "no defect at all"}
    line = a_verdict(regions=(region(20, 140, 260, 150, area_px=900, length_px=240.0),))
    disc = a_verdict(regions=(region(140, 140, 160, 160, area_px=314, length_px=20.0),))
    for verdict, letter in ((line, "B"), (disc, "A")):
        answer = ask(verdict, text, **options)
        assert answer.letter == letter
        assert answer.guess
        assert "which is a guess" in answer.text
        assert answer.confidence < 0.8


def test_a_guess_by_the_cards_words_is_marked_and_without_a_card_none_is_made():
    options = {"A": "rust", "B": "dust", "C": "wear"}
    known = KnowledgeEvidence(normal="It is worn by wear.")
    answer = ask(a_verdict(knowledge=known), "What caused the defect?", **options)
    assert answer.guess
    assert answer.letter == "C"
    assert answer.confidence < 0.7
    assert ask(a_verdict(), "What caused the defect?", **options).declined


def test_the_recognised_product_names_the_object():
    options = {"A": "a chocolate chip cookie", "B": "a wooden plate held by four screws"}
    answer = ask(a_verdict(product="four screws"), "What object is shown?", **options)
    assert answer.letter == "B"
    assert not answer.guess
    assert ask(a_verdict(product="048213377019"), "What object is shown?", **options).declined


def test_a_number_is_never_chosen_by_its_look():
    answer = ask(a_verdict(), "How long is the scratch?", A="2 px", B="44 px")
    assert answer.declined
    assert "44 px" in answer.text
    assert ask(a_verdict(), "How many defects are there?", A="one", B="five").declined


@pytest.mark.parametrize(("outcome", "letter"), [("within", "A"), ("exceeds", "B"), ("undetermined", None)])
def test_tolerances_answer_whether_it_keeps_them(outcome, letter):
    finding = ToleranceFinding(
        id="T1", rule="r", defect_type="scratch", region="R1", outcome=outcome, measured=4.4, limit=2, unit="mm",
        reason="It is 4.4 mm.",
    )  # fmt: skip
    verdict = a_verdict(knowledge=KnowledgeEvidence(tolerances=(finding,)))
    answer = ask(verdict, "Is it within tolerance?", A="Yes", B="No")
    assert answer.letter == letter
    assert "[T1]" in answer.text


def counted(number, statement, holds):
    return ChecklistFinding(id=f"C{number}", statement=statement, holds=holds, reason="Counted.")


def test_the_checklist_answers_what_is_missing_of_that_thing_alone():
    findings = (
        counted(1, "four screws are present", False),
        counted(2, "the label is present", True),
    )
    verdict = a_verdict(knowledge=KnowledgeEvidence(checklist=findings))
    assert ask(verdict, "Is a screw missing?", A="Yes", B="No").letter == "A"
    assert ask(verdict, "Is the label missing?", A="Yes", B="No").letter == "B"
    assert ask(verdict, "Is anything missing?", A="Yes", B="No").letter == "A"
    assert ask(verdict, "Is the cap missing?", A="Yes", B="No").declined
    assert ask(verdict, "Isn't a screw missing?", A="Yes", B="No").declined
