"""Things at drawn places are counted in moved photographs; what cannot be told is not guessed."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from echo_agent.vision.alignment import Similarity, unit_of
from echo_agent.vision.counting import Limits
from echo_agent.vision.place_fitting import fit_places, scale_for
from tests.unit.vision.fields import RADIUS, SIZE, Field

FIELD = Field()
THINGS = [0.35 + 0.3j, 0.8 + 0.3j, 0.35 + 0.6j, 0.8 + 0.6j]
WIDTH, HEIGHT = np.array(SIZE) / unit_of(SIZE)
BOXES = tuple(
    (
        (thing.real - RADIUS) / WIDTH,
        (thing.imag - RADIUS) / HEIGHT,
        (thing.real + RADIUS) / WIDTH,
        (thing.imag + RADIUS) / HEIGHT,
    )
    for thing in THINGS
)


def moved(seed: int) -> Similarity:
    generator = np.random.default_rng(seed)
    turn = np.exp(1j * np.radians(generator.uniform(-8, 8))) * generator.uniform(0.95, 1.05)
    return Similarity(complex(turn), complex(*generator.uniform(-0.06, 0.06, 2)))


def references(count: int):
    first = FIELD.photograph(THINGS, seed=100)
    return [first, *(FIELD.photograph(THINGS, moved(seed), seed=100 + seed) for seed in range(1, count))]


@pytest.fixture(scope="module")
def model():
    return fit_places(references(6), BOXES)


def told(model, there, seed):
    """What is told of each place, where ``there`` says which things are."""
    things = [thing for thing, present in zip(THINGS, there, strict=True) if present]
    return [place.presence for place in model.find(FIELD.photograph(things, moved(seed), seed=seed))]


@settings(max_examples=30)
@given(st.lists(st.booleans(), min_size=4, max_size=4), st.integers(0, 10_000))
@example([False, True, False, False], 376)
def test_nothing_is_told_to_be_missing_that_is_there_nor_the_other_way(model, there, seed):
    for presence, present in zip(told(model, there, seed), there, strict=True):
        assert presence in {"present" if present else "missing", "undetermined"}


def test_nearly_all_places_are_told(model):
    generator = np.random.default_rng(0)
    found = [told(model, generator.random(4) < 0.5, seed) for seed in range(50)]
    assert sum(presence == "undetermined" for places in found for presence in places) <= 2


def test_the_box_goes_with_the_motion(model):
    motion = Similarity(1 + 0j, 0.05 - 0.03j)
    (left, top, right, bottom) = model.find(FIELD.photograph(THINGS, motion, seed=3))[0].box
    middle = motion(np.array([THINGS[0]]))[0] * unit_of(SIZE)
    assert abs((left + right) / 2 - middle.real) < 8
    assert abs((top + bottom) / 2 - middle.imag) < 8


def test_another_product_cannot_be_counted(model):
    places = model.find(Field(7).photograph(THINGS, seed=3))
    assert {place.presence for place in places} == {"undetermined"}
    assert "could not be aligned" in places[0].why


def test_a_place_outside_the_photograph_cannot_be_told_and_the_others_can(model):
    places = model.find(FIELD.photograph(THINGS, Similarity(1 + 0j, -0.42 + 0j), seed=3))
    assert [place.presence for place in places] == ["undetermined", "present", "undetermined", "present"]
    assert "outside" in places[0].why


def test_things_that_vary_as_much_as_their_surroundings_are_not_counted():
    judged = Limits(usual=0.9, near=0.3, surroundings=0.8).judge(0.1)
    assert judged.presence == "undetermined"
    assert "as much as from their surroundings" in judged.why


def test_one_reference_with_one_thing_tells_nothing():
    places = fit_places(references(1), BOXES[:1]).find(FIELD.photograph([], seed=3))
    assert places[0].presence == "undetermined"
    assert "too few" in places[0].why


@pytest.mark.parametrize(
    ("distance", "presence"), [(0.1, "present"), (0.25, "undetermined"), (0.5, "missing")]
)
@pytest.mark.parametrize(("usual", "near"), [(0.2, 0.3), (0.3, 0.2)])
def test_between_usual_and_near_nothing_is_told(distance, presence, usual, near):
    assert Limits(usual, near, surroundings=1.0).judge(distance).presence == presence


@pytest.mark.parametrize(("side", "scale"), [(0.5, 1.0), (0.2, 1.5), (0.12, 2.0), (0.01, 3.0)])
def test_small_places_are_looked_at_more_finely(side, scale):
    patches = np.zeros((20, 20, 3), dtype=np.float32)
    assert scale_for([(0, 0, side, side), (0, 0, 1, 1)], patches) == scale
