import pytest

from echo_agent.answers.polarity import Said
from echo_agent.answers.yes_or_no import yes_means

FINE = [
    "Is it fine?", "Is the surface fine?", "Is it free of defects?", "Free from flaws?", "Is it without blemish?",
    "Good to go?", "Would you let this through?", "Can I ship it?", "Did it pass?", "Is it a good part?",
    "Is everything all right?", "Does it look alright to you?", "Is it unharmed?", "Would you call this acceptable?",
    "It's ok, right?", "Is the part in the picture intact?", "Is it up to scratch?", "Is it flawless, yes or no?",
    "May I ship this part?", "Can you confirm that the part is fine?", "Does it conform to specification?",
    "Do you consider this lid acceptable?", "Is it ok to use it?",
]  # fmt: skip
FAULTY = [
    "Is it damaged?", "Anything wrong with this one?", "Are there any anomalies?", "Has it got a fault?",
    "Do I have to throw this away?", "Should it be rejected?", "Can you see any flaws?", "Do you think it's broken?",
    "Tell me whether the lid is damaged.", "Is there damage?", "Something off here?", "Is it unusable?",
    "Does this image show a defect?", "Does it show signs of damage?", "Is there evidence of a defect?",
    "Can you spot a defect?", "Is this one a reject?", "Is it true that the tile is damaged?",
]  # fmt: skip
NOT_FOR_SURE = [
    "Isn't it damaged?", "Is it not ok?", "Is it not undamaged?", "Is there nothing wrong?", "No defects?",
    "Is it good or bad?", "Is it anything but fine?", "Is it hardly damaged?", "Could it be damaged?",
    "If it were damaged, would you ship it?", "Is the reference fine?", "Was the previous one ok?", "Are you ok?",
    "Is the photo good?", "Is the good side up?", "Is the dent deep?", "Is the bolt hole round?", "Is it more damaged?",
    "Which one is fine?", "Is the damage acceptable?", "Is it blue?", "", "Do you doubt that it is fine?",
    "Is it impossible that it is damaged?", "Would you refuse to ship it?", "Would it be a mistake to ship it?",
    "Did you miss a defect?", "Is damage likely?", "Have defects been common?", "Can it be repaired?",
    "Is the box it came in damaged?", "Was it damaged before?", "Is it very damaged?", "Is it a minor defect?",
    "Should I avoid using it?", "Can we rule out a defect?", "Would damage be visible?", "Do you use it?",
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
