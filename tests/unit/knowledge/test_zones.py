import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.knowledge.card import Zone
from echo_agent.knowledge.zones import share_in_zone
from echo_agent.state import Box


def test_a_box_half_in_a_zone_has_half_its_share():
    zone = Zone(name="left", box=(0, 0, 0.5, 1))
    assert share_in_zone(Box(left=40, top=10, right=60, bottom=30), zone, 100, 100) == pytest.approx(0.5)


def test_a_polygon_counts_by_its_area():
    triangle = Zone(name="corner", polygon=((0, 0), (1, 0), (0, 1)))
    whole = Box(left=0, top=0, right=200, bottom=100)
    assert share_in_zone(whole, triangle, 200, 100) == pytest.approx(0.5)
    far = Box(left=150, top=80, right=190, bottom=100)
    assert share_in_zone(far, triangle, 200, 100) == 0


def test_a_concave_polygon_does_not_count_its_hollow():
    hollow = Zone(
        name="u", polygon=((0, 0), (1, 0), (1, 1), (0.75, 1), (0.75, 0.5), (0.25, 0.5), (0.25, 1), (0, 1))
    )
    assert share_in_zone(Box(left=30, top=60, right=70, bottom=90), hollow, 100, 100) == pytest.approx(0)
    assert share_in_zone(Box(left=0, top=0, right=100, bottom=100), hollow, 100, 100) == pytest.approx(0.75)


@given(
    st.tuples(*[st.integers(0, 40)] * 2),
    st.tuples(*[st.integers(1, 40)] * 2),
    st.tuples(*[st.floats(0, 0.45)] * 2),
    st.tuples(*[st.floats(0.55, 1)] * 2),
)
def test_box_and_polygon_zones_agree(corner, size, low, high):
    box = Box(left=corner[0], top=corner[1], right=corner[0] + size[0], bottom=corner[1] + size[1])
    (left, top), (right, bottom) = low, high
    by_box = share_in_zone(box, Zone(name="z", box=(left, top, right, bottom)), 80, 80)
    ring = ((left, top), (left, bottom), (right, bottom), (right, top))
    assert share_in_zone(box, Zone(name="z", polygon=ring), 80, 80) == pytest.approx(by_box)
    across = max(0.0, min(box.right, right * 80) - max(box.left, left * 80))
    down = max(0.0, min(box.bottom, bottom * 80) - max(box.top, top * 80))
    assert by_box == pytest.approx(across * down / (size[0] * size[1]), abs=1e-9)
