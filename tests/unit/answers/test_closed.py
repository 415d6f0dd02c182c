import pytest

from echo_agent.answers.closed import (
    answer_discrimination,
    answer_object,
    answer_place,
    answer_type,
    guess,
    place_cells,
)
from echo_agent.state import Box, ImageRef, Question, ReferenceEvidence, Region

IMAGE = ImageRef(uri="x.png", sha256="0", width=300, height=300)


def region(left, top, right, bottom, *, area=None, length=None, peak=2.0, name="R1"):
    width, height = right - left, bottom - top
    area = area or width * height
    return Region(
        id=name,
        box=Box(left=left, top=top, right=right, bottom=bottom),
        area_px=area,
        area_px_low=area,
        area_px_high=area,
        length_px=length or (width**2 + height**2) ** 0.5,
        peak=peak,
        mean=peak,
        place="centre",
    )


@pytest.mark.parametrize(
    ("text", "options", "probability", "letter"),
    [
        ("Is there any defect in the object?", {"A": "Yes.", "B": "No."}, 0.9, "A"),
        ("Is there any defect in the object?", {"A": "Yes.", "B": "No."}, 0.1, "B"),
        ("Is the object free of defects?", {"A": "Yes", "B": "No"}, 0.9, "B"),
        ("Is this part normal?", {"A": "Yes", "B": "No"}, 0.2, "A"),
        ("How is the part?", {"A": "It is normal", "B": "It is damaged"}, 0.7, "B"),
    ],
)
def test_whether_there_is_a_defect(text, options, probability, letter):
    answer = answer_discrimination(Question(text=text, options=options), probability)
    assert answer.letter == letter
    assert answer.confidence == pytest.approx(max(probability, 1 - probability))


def test_options_that_say_neither_are_declined():
    assert answer_discrimination(Question(text="?", options={"A": "Red", "B": "Blue"}), 0.9).declined


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("Top left", {(0, 0)}),
        ("in the centre", {(1, 1)}),
        ("On the right side", {(1, 2)}),
        ("Lower middle", {(2, 1)}),
        ("A blue part", set()),
    ],
)
def test_place_words(text, cells):
    assert place_cells(text) == cells


def test_the_option_with_the_likeliest_cell_is_the_place():
    question = Question(text="Where?", options={"A": "Top left", "B": "Centre", "C": "Bottom right"})
    answer = answer_place(question, (), (0.1, 0, 0, 0, 0.2, 0.3, 0, 0.1, 0.3))
    assert answer.letter == "C"
    assert answer.confidence == pytest.approx(0.5)
    assert not answer.guess


def test_where_nothing_was_compared_the_place_is_a_guess():
    question = Question(text="Where?", options={"A": "Top left", "B": "Centre"})
    assert answer_place(question, (), ()).guess


def test_the_recognised_product_names_the_object():
    options = {"A": "a chocolate chip cookie", "B": "a wooden plate held by four screws"}
    evidence = ReferenceEvidence(product="four screws", product_given=False, matches=())
    answer = answer_object(Question(text="What object is shown?", options=options), evidence, None)
    assert answer.letter == "B"
    assert not answer.guess
    unnamed = evidence.model_copy(update={"product": "048213377019"})
    assert answer_object(Question(text="What object?", options=options), unnamed, None).guess


def test_a_line_is_a_crack_and_a_disc_a_pit():
    question = Question(text="What is it?", options={"A": "A round pit", "B": "A long thin crack line"})
    line = region(20, 140, 260, 150, area=900, length=240)
    disc = region(140, 140, 160, 160, area=314, length=20)
    assert answer_type(question, (line,), IMAGE, None).letter == "B"
    assert answer_type(question, (disc,), IMAGE, None).letter == "A"
    assert answer_type(question, (disc,), IMAGE, None).guess


def test_a_guess_is_marked_and_unsure():
    answer = guess(Question(text="Why?", options={"A": "rust", "B": "dust", "C": "wear"}), "worn by wear")
    assert answer.guess
    assert answer.letter == "C"
    assert answer.confidence < 0.7
