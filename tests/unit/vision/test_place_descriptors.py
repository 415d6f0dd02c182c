"""What lies at a place is sampled where the place is, however the photograph was moved."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo_agent.vision.alignment import Similarity, unit_of
from echo_agent.vision.place_descriptors import (
    describe,
    distance_to_things,
    lattice_of,
    pixel_box,
    share_outside,
)

SIZE = (400, 300)
STILL = Similarity(1 + 0j, 0j)


def ramp():
    """Features that tell the column and the row of a patch."""
    rows, columns = np.mgrid[0:30, 0:40].astype(np.float32)
    return np.stack([columns + 1, rows + 1, np.full_like(rows, 20)], axis=2)


@settings(max_examples=30)
@given(st.floats(0.3, 0.8), st.floats(0.3, 0.6), st.floats(0.05, 0.3), st.floats(-0.5, 0.5))
def test_the_box_around_a_place_holds_its_lattice_and_is_upright(across, down, side, rotated):
    centre, extent = complex(across, down), complex(side, side)
    about = Similarity(complex(np.exp(1j * rotated)), centre - centre * complex(np.exp(1j * rotated)))
    left, top, right, bottom = pixel_box(about, centre, extent, SIZE)
    points = lattice_of(about, centre, extent) * unit_of(SIZE)
    assert left < points.real.min() < points.real.max() < right
    assert top < points.imag.min() < points.imag.max() < bottom
    assert (left + right) / 2 == pytest.approx(across * unit_of(SIZE), rel=1e-6)
    wide = side * (abs(np.cos(rotated)) + abs(np.sin(rotated)))
    assert right - left == pytest.approx(wide * unit_of(SIZE), rel=1e-6)


def test_a_moved_photograph_gives_the_same_description_at_the_place_carried_along():
    field = ramp()
    moved = np.roll(field, (3, 5), axis=(0, 1))
    patch = SIZE[0] / 40 / unit_of(SIZE)
    onto = Similarity(1 + 0j, complex(5 * patch, 3 * patch))
    centre, extent = complex(0.5, 0.4), complex(0.2, 0.2)
    still = describe(field, SIZE, lattice_of(STILL, centre, extent))
    np.testing.assert_allclose(describe(moved, SIZE, lattice_of(onto, centre, extent)), still, atol=1e-5)
    elsewhere = describe(field, SIZE, lattice_of(onto, centre, extent))
    assert distance_to_things(still[None], still[None]) == pytest.approx(0, abs=1e-5)
    assert distance_to_things(elsewhere[None], still[None]) > 1e-3


def test_of_a_place_on_the_edge_the_points_beyond_it_lie_outside():
    extent = complex(0.2, 0.1)
    assert share_outside(lattice_of(STILL, complex(0.5, 0.4), extent), SIZE) == 0
    assert share_outside(lattice_of(STILL, complex(0, 0.4), extent), SIZE) == pytest.approx(0.4)
    assert share_outside(lattice_of(STILL, complex(-1, 0.4), extent), SIZE) == 1
