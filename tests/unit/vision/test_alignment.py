"""A photograph is found on another one, however it is shifted, rotated and scaled within the limits."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from echo_agent.vision.alignment import Similarity, align
from tests.unit.vision.fields import GRID, SIZE, Field

FIELD = Field()
PATCH = 1 / np.sqrt(GRID[0] * GRID[1])
CORNERS = np.array([0.2 + 0.2j, 0.9 + 0.2j, 0.2 + 0.7j, 0.9 + 0.7j])


def rotated(degrees: float, size: float = 1.0, shift: complex = 0j) -> Similarity:
    return Similarity(size * np.exp(1j * np.radians(degrees)), shift)


@settings(max_examples=25)
@given(st.floats(-12, 12), st.floats(0.9, 1.1), st.floats(-0.12, 0.12), st.floats(-0.12, 0.12))
def test_the_motion_is_found_to_within_a_patch(degrees, size, right, down):
    motion = rotated(degrees, size, complex(right, down))
    source, target = FIELD.photograph([]), FIELD.photograph([], motion, seed=1)
    found = align(source.patches, target.patches, (SIZE, SIZE))
    assert found is not None
    assert np.abs(found.transform(CORNERS) - motion(CORNERS)).max() < PATCH


def test_another_surface_is_not_aligned():
    here, there = FIELD.photograph([]), Field(5).photograph([], seed=1)
    assert align(here.patches, there.patches, (SIZE, SIZE)) is None


def test_a_larger_turn_than_is_looked_for_is_not_aligned():
    here, there = FIELD.photograph([]), FIELD.photograph([], rotated(180, shift=1.0 + 0.8j), seed=1)
    assert align(here.patches, there.patches, (SIZE, SIZE)) is None


def test_a_photograph_without_structure_is_not_aligned():
    flat = np.ones((*GRID, 4), dtype=np.float32)
    assert align(flat, flat, (SIZE, SIZE)) is None


def test_two_transforms_one_after_the_other():
    first, second = rotated(10, 1.1, 0.1 + 0.2j), rotated(-5, 0.9, 0.3j)
    assert np.allclose(second.after(first)(CORNERS), second(first(CORNERS)))
