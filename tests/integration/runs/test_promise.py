"""A promise that does not hold for the photographs at hand is noticed, with what is otherwise about them."""

import pytest
from PIL import Image, ImageEnhance

from echo_agent import Inspector
from echo_agent.memory.feedback import remember
from echo_agent.runs.promise import MIN_PARTS, broken_lately, broken_promises
from echo_agent.state import HumanAnswer
from echo_agent.ui.controller import Controller
from tests.conftest import synthetic_part


@pytest.fixture(scope="module")
def inspector(tmp_path_factory):
    made = Inspector.open(tmp_path_factory.mktemp("memory"))
    made.register("plate", [synthetic_part(seed) for seed in range(12)])
    return made


def told(inspector, images):
    stored = [inspector.memory.store_image(image) for image in images]
    inspected = [(image, inspector.inspect(image, product="plate")) for image in stored]
    return [str(broken) for broken in broken_promises(inspector.memory, inspected)]


def new_parts(change=lambda image: image, count=10):
    return [change(synthetic_part(100 + seed)) for seed in range(count)]


CHANGES = {
    "darker: mean grey level": lambda image: ImageEnhance.Brightness(image).enhance(0.4),
    "turned: by about": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "nearer: the part is": lambda image: image.crop((14, 11, 178, 133)),
}


@pytest.mark.parametrize("cause", CHANGES)
def test_photographs_taken_otherwise_break_it_and_the_cause_is_told(inspector, cause):
    (broken,) = told(inspector, new_parts(CHANGES[cause]))
    assert "of 10 parts of plate stand out" in broken
    assert f"Likeliest cause: they are {cause}" in broken
    assert "echo-agent register plate" in broken


def test_photographs_taken_alike_keep_it(inspector):
    assert told(inspector, new_parts()) == []


def test_a_batch_with_many_defects_keeps_it(inspector):
    scratched = [synthetic_part(200 + seed, defect=True) for seed in range(6)]
    assert told(inspector, [*new_parts(count=5), *scratched]) == []


def test_two_strange_photographs_may_be_chance(inspector):
    assert told(inspector, new_parts(CHANGES["darker: mean grey level"], count=2)) == []


def test_parts_that_were_inspected_one_by_one_break_it_until_their_remedy(tmp_path):
    made = Inspector.open(tmp_path / "memory")
    made.register("plate", [synthetic_part(seed) for seed in range(12)])
    page = Controller(made)
    darker = new_parts(CHANGES["darker: mean grey level"])
    for number, image in enumerate(darker):
        assert page.notices() == [], number
        made.inspect(image, product="plate")
        if page.notices():
            break
    assert number >= MIN_PARTS - 1
    (notice,) = page.notices()
    assert f"{number + 1} of {number + 1} parts of plate stand out" in notice
    assert "Likeliest cause: they are darker" in notice
    made.register("plate", darker)
    assert page.notices() == []


def test_what_people_call_defective_breaks_no_promise(tmp_path):
    made = Inspector.open(tmp_path / "memory")
    made.register("plate", [synthetic_part(seed) for seed in range(12)])
    for seed in range(8):
        image = made.memory.store_image(synthetic_part(200 + seed, defect=True))
        verdict = made.inspect(image, product="plate")
        answer = HumanAnswer(action="accept", label="defective")
        remember(made.memory, "plate", image, verdict.label, answer)
    assert broken_lately(made.memory) == ()
