import pytest

from echo_agent.answers.polarity import read_statement


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("It is fine", "normal"),
        ("No defect", "normal"),
        ("No visible damage.", "normal"),
        ("not damaged", "normal"),
        ("neither cracked nor scratched", "normal"),
        ("nothing wrong", "normal"),
        ("It is no longer damaged", "normal"),
        ("Ship it", "normal"),
        ("not ok", "defective"),
        ("NOK", "defective"),
        ("no good", "defective"),
        ("It has a scratch", "defective"),
        ("It is no longer intact", "defective"),
        ("Hold it back", "defective"),
        ("It cannot be used", "defective"),
        ("hardly ok", None),
        ("not free of defects", None),
        ("not undamaged", None),
        ("fine apart from a crack", None),
        ("no damaged", None),
        ("anything but fine", None),
        ("red", None),
    ],
)
def test_a_statement_is_read_by_its_own_words(text, side):
    said = read_statement(text).said
    assert (said.side if said is not None else None) == side


@pytest.mark.parametrize(
    ("text", "particle", "side"),
    [
        ("Yes", True, None),
        ("No.", False, None),
        ("Sure", True, None),
        ("No way", False, None),
        ("It is", True, None),
        ("It isn't", False, None),
        ("No, not at all", False, None),
        ("Yes, it is fine", True, "normal"),
        ("No, it is damaged", False, "defective"),
        ("No, there is a dent", False, "defective"),
        ("No dent", None, "normal"),
    ],
)
def test_yes_and_no_are_told_from_what_stands_behind_them(text, particle, side):
    read = read_statement(text)
    assert read.clear
    assert read.particle is particle
    assert (read.said.side if read.said is not None else None) == side


def test_yes_that_is_taken_back_is_not_clear():
    assert not read_statement("Yes, it is not").clear
