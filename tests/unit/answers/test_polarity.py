import pytest

from echo_agent.answers.polarity import Said, read_statement, yes_means

FINE = [
    "Is it fine?", "Is the surface fine?", "Is it free of defects?", "Free from flaws?", "Is it without blemish?",
    "Good to go?", "Would you let this through?", "Can I ship it?", "Did it pass?", "Is it a good part?",
    "Is everything all right?", "Does it look alright to you?", "Is it unharmed?", "Would you call this acceptable?",
    "It's ok, right?", "Is the part in the picture intact?", "Is it up to scratch?", "Is it flawless, yes or no?",
]  # fmt: skip
FAULTY = [
    "Is it damaged?", "Anything wrong with this one?", "Are there any anomalies?", "Has it got a fault?",
    "Do I have to throw this away?", "Should it be rejected?", "Can you see any flaws?", "Do you think it's broken?",
    "Tell me whether the lid is damaged.", "Is there damage?", "Something off here?", "Is it unusable?",
]  # fmt: skip
NOT_FOR_SURE = [
    "Isn't it damaged?", "Is it not ok?", "Is it not undamaged?", "Is there nothing wrong?", "No defects?",
    "Is it good or bad?", "Is it anything but fine?", "Is it hardly damaged?", "Could it be damaged?",
    "If it were damaged, would you ship it?", "Is the reference fine?", "Was the previous one ok?", "Are you ok?",
    "Is the photo good?", "Is the good side up?", "Is the dent deep?", "Is the bolt hole round?", "Is it more damaged?",
    "Which one is fine?", "Is the damage acceptable?", "Is it blue?", "",
]  # fmt: skip


@pytest.mark.parametrize("text", FINE)
def test_yes_means_normal(text):
    assert yes_means(text) == Said("normal")


@pytest.mark.parametrize("text", FAULTY)
def test_yes_means_defective(text):
    said = yes_means(text)
    assert said is not None
    assert said.side == "defective"


@pytest.mark.parametrize("text", NOT_FOR_SURE)
def test_what_yes_would_mean_is_left_open_in_any_doubt(text):
    assert yes_means(text) is None


def test_a_kind_of_defect_that_is_asked_for_is_more_than_a_defect():
    assert yes_means("Is there a crack?") == Said("defective", typed=True)
    assert yes_means("Is there a defect?") == Said("defective")


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
