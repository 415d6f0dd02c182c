import numpy as np
import pytest

from echo_agent.vision.anomaly_map import at_size, image_score, raised, standing_out

SHARE = 0.05


def test_worse_patches_score_higher_wherever_they_lie():
    calm = np.full((16, 16), 0.1, dtype=np.float32)
    scores = []
    for place in ((0, 0), (8, 8), (15, 15)):
        worse = calm.copy()
        worse[place] = 0.9
        scores.append(image_score(worse, SHARE))
        assert image_score(worse, SHARE) > image_score(calm, SHARE)
    assert scores == pytest.approx([scores[0]] * 3)


def test_a_single_patch_has_a_score():
    assert image_score(np.full((1, 1), 0.3, dtype=np.float32), SHARE) == pytest.approx(0.3)


def test_a_map_is_brought_to_the_image_without_being_turned_or_cut():
    grid = np.zeros((6, 12), dtype=np.float32)
    grid[0, 11] = 1.0
    full = at_size(grid, (240, 120))
    assert full.shape == (120, 240)
    assert full.dtype == np.float32
    assert full.min() >= 0
    row, column = np.unravel_index(full.argmax(), full.shape)
    assert row < 20
    assert column >= 220


def test_a_spot_counts_for_more_than_a_light_that_lifts_all_distances():
    spot = np.full((16, 16), 0.2, dtype=np.float32)
    spot[6:10, 6:10] = 0.5
    lifted = np.full((16, 16), 0.5, dtype=np.float32)
    assert image_score(standing_out(spot, 0.5), SHARE) > 1.3 * image_score(standing_out(lifted, 0.5), SHARE)


def test_where_all_of_the_surroundings_are_taken_off_a_light_does_not_count_at_all():
    lifted = np.full((16, 16), 0.5, dtype=np.float32)
    assert image_score(standing_out(lifted, 1.0), SHARE) == pytest.approx(0, abs=1e-6)


def test_of_two_places_equally_far_from_the_references_the_rarer_one_is_raised_more():
    distances = np.full((16, 16), 0.3, dtype=np.float32)
    rare = np.full((16, 16), 0.2, dtype=np.float32)
    rare[3, 12] = 0.9
    assert np.unravel_index(raised(distances, rare, 0.7).argmax(), rare.shape) == (3, 12)


def test_what_is_in_the_references_is_not_raised_however_rare_it_is():
    distances = np.full((16, 16), 0.3, dtype=np.float32)
    distances[3, 12] = 0.0
    rare = np.full((16, 16), 0.2, dtype=np.float32)
    rare[3, 12] = 1.4
    found = raised(distances, rare, 0.7)
    assert found[3, 12] == 0
    assert np.unravel_index(found.argmin(), rare.shape) == (3, 12)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 2), (8, 64)])
def test_maps_of_any_shape_have_values_that_stand_out(shape):
    found = standing_out(np.full(shape, 0.5, dtype=np.float32), 0.5)
    assert found.shape == shape
    assert np.isfinite(found).all()
