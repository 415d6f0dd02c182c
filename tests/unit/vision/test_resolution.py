from hypothesis import given
from hypothesis import strategies as st

from echo_agent.vision.resolution import working_size


@given(st.integers(8, 8000), st.integers(8, 8000), st.sampled_from([256, 320, 384]))
def test_the_area_is_kept_and_the_sides_fit_the_network(width, height, side):
    columns, rows = working_size(width, height, side, 32)
    assert columns % 32 == rows % 32 == 0
    assert min(columns, rows) >= 32
    if 1 / 4 <= width / height <= 4:
        assert 0.65 <= columns * rows / side**2 <= 1.4
        assert 0.7 <= (columns / rows) / (width / height) <= 1.45


def test_a_square_stays_square_and_a_panorama_stays_wide():
    assert working_size(1000, 1000, 256, 32) == (256, 256)
    assert working_size(4000, 1000, 256, 32) == (512, 128)
    assert working_size(1000, 4000, 256, 32) == (128, 512)
