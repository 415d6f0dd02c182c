from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from echo_agent.vision import comparison
from echo_agent.vision.comparison import PatchBank, patch_distances, rarity


def grids(*shapes, channels=24, seed=0):
    generator = np.random.default_rng(seed)
    made = [generator.normal(size=(*shape, channels)).astype(np.float32) for shape in shapes]
    return [grid / np.linalg.norm(grid, axis=-1, keepdims=True) for grid in made]


def bank_of(references):
    return PatchBank.of(references, range(len(references)))


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 5), st.integers(1, 4))
def test_distances_are_those_to_the_nearest_patch(seed, rows, columns, references):
    query, *bank = grids((rows, columns), *[(3, 4)] * references, seed=seed)
    expected = cdist(query.reshape(-1, 24), np.concatenate([grid.reshape(-1, 24) for grid in bank])).min(
        axis=1
    )
    found = patch_distances(query, bank_of(bank))
    assert found.shape == (rows, columns)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.reshape(rows, columns), atol=2e-3)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 30), st.integers(1, 3))
def test_several_neighbours_say_how_far_they_draw_a_patch(seed, neighbours, references):
    query, *grid = grids((3, 4), *[(3, 4)] * references, seed=seed)
    bank = replace(bank_of(grid), neighbours=neighbours)
    expected = []
    for patch in query.reshape(-1, 24):
        cosines = bank.patches @ patch
        nearest = np.argsort(-cosines)[:neighbours]
        weights = np.maximum(cosines[nearest], 0)
        drawn = (patch + weights @ bank.patches[nearest]) / (1 + weights.sum())
        expected.append(np.linalg.norm(drawn - patch))
    np.testing.assert_allclose(patch_distances(query, bank).ravel(), expected, atol=1e-4)


def test_a_bank_without_a_reference_asks_as_many_neighbours():
    bank = replace(bank_of(grids((4, 4), (4, 4))), neighbours=5)
    assert bank.without(0).neighbours == 5


def test_large_images_are_compared_in_parts(monkeypatch):
    query, *bank = grids((6, 6), (5, 5), (7, 3))
    whole = patch_distances(query, bank_of(bank))
    monkeypatch.setattr(comparison, "AT_ONCE", 7)
    np.testing.assert_allclose(patch_distances(query, bank_of(bank)), whole, atol=1e-5)


def test_distances_hold_for_patches_of_any_length():
    query, reference = grids((4, 4), (5, 5))
    found = patch_distances(3 * query, bank_of([0.5 * reference]))
    expected = cdist(3 * query.reshape(-1, 24), 0.5 * reference.reshape(-1, 24)).min(axis=1)
    np.testing.assert_allclose(found.ravel(), expected, atol=2e-3)


def test_an_image_that_is_in_the_bank_is_at_no_distance_until_it_is_left_out():
    bank = grids((4, 4), (4, 4), (4, 4))
    whole = bank_of(bank)
    assert patch_distances(bank[1], whole).max() < 2e-3
    left_out = patch_distances(bank[1], whole.without(1))
    np.testing.assert_allclose(left_out, patch_distances(bank[1], bank_of([bank[0], bank[2]])), atol=1e-6)
    assert left_out.min() > 0.1


def test_references_of_other_sizes_share_a_bank():
    query, wide, tall = grids((4, 4), (3, 6), (7, 2))
    bank = bank_of([wide, tall])
    assert len(bank.patches) == 3 * 6 + 7 * 2
    assert np.isfinite(patch_distances(query, bank)).all()


def test_patches_that_point_the_other_way_are_at_distance_two():
    query = np.zeros((3, 3, 24), dtype=np.float32)
    query[..., 0] = 1
    np.testing.assert_allclose(patch_distances(query, bank_of([-query])), 2.0, atol=1e-4)


def test_copies_of_a_reference_are_left_out_with_it():
    one, copy, other = grids((4, 4), (4, 4), (4, 4))
    bank = PatchBank.of([one, copy, other], [0, 0, 1])
    np.testing.assert_allclose(
        patch_distances(copy, bank.without(0)), patch_distances(copy, bank_of([other])), atol=1e-6
    )


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(1, 8))
def test_rarity_is_the_distance_to_like_patches_elsewhere_in_the_image(seed, rows, columns):
    (grid,) = grids((rows, columns), seed=seed)
    found = rarity(grid)
    for row in range(rows):
        for column in range(columns):
            others = [
                np.linalg.norm(grid[row, column] - grid[r, c])
                for r in range(rows)
                for c in range(columns)
                if max(abs(r - row), abs(c - column)) >= 3
            ]
            expected = np.sqrt(np.mean(np.sort(others)[:3] ** 2)) if len(others) >= 3 else None
            if expected is not None:
                assert abs(found[row, column] - expected) < 2e-3
            assert np.isfinite(found[row, column])


@pytest.mark.parametrize(("side", "odd"), [(9, (4, 4)), (30, (11, 17))])
def test_what_occurs_once_is_rarer_than_what_repeats_on_small_and_large_grids(side, odd):
    grid = np.zeros((side, side, 24), dtype=np.float32)
    grid[..., 0] = 1
    grid[odd] = 0
    grid[(*odd, 1)] = 1
    found = rarity(grid)
    assert found[odd] > 1.4
    assert found[0, 0] < 1e-2
