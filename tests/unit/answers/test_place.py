import pytest

from echo_agent.answers.place import cells_in_words, share_of_the_likeliest, shares_of


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("Top left", {(0, 0)}),
        ("in the centre", {(1, 1)}),
        ("On the right side", {(1, 2)}),
        ("Lower middle", {(2, 1)}),
        ("centre of the left edge", {(1, 0)}),
        ("A blue part", set()),
        ("not at the top", set()),
        ("top or bottom", set()),
    ],
)
def test_place_words(text, cells):
    assert cells_in_words(text) == cells


PLACES = (0.3, 0.0, 0.0, 0.1, 0.0, 0.2, 0.1, 0.2, 0.1)


@pytest.mark.parametrize(
    ("options", "shares"),
    [
        (("left", "right"), (0.5, 0.3)),
        (("top", "bottom"), (0.3, 0.4)),
        (("top left", "right"), (0.3, 0.2)),
        (("top", "elsewhere"), (0.3, 0.0)),
    ],
)
def test_options_along_one_axis_stand_for_whole_rows_or_columns(options, shares):
    cells = {letter: cells_in_words(text) for letter, text in zip("AB", options, strict=True)}
    assert tuple(shares_of(cells, PLACES).values()) == pytest.approx(shares)


def test_the_likeliest_place_counts_whether_an_option_names_it_or_not():
    assert share_of_the_likeliest({"A": cells_in_words("right top")}, PLACES) == pytest.approx(0.3)
    assert share_of_the_likeliest({"A": cells_in_words("top")}, PLACES) == pytest.approx(0.4)
