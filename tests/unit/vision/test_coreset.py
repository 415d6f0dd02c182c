import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from echo_agent.vision.coreset import bounded_banks, greedy_coreset


def patches(count, channels=8, seed=0):
    made = np.random.default_rng(seed).normal(size=(count, channels)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def farthest(everything, chosen):
    return cdist(everything, chosen).min(axis=1).max()


def views(references, *shapes):
    """Views of references, with a grid of 8 channels for each shape: a layer each."""
    return [
        (
            tuple(
                patches(rows * columns, seed=100 * image_id + rows).reshape(rows, columns, 8)
                for rows, columns in shapes
            ),
            image_id,
        )
        for image_id in range(references)
    ]


def test_few_patches_are_all_kept_with_their_references_at_each_level():
    given_views = views(3, (6, 6), (3, 4))
    banks = bounded_banks(given_views, most=108)
    assert len(banks) == 2
    for layer, bank in enumerate(banks):
        grids = [grids[layer].reshape(-1, 8) for grids, _ in given_views]
        np.testing.assert_array_equal(bank.patches, np.concatenate(grids))
        np.testing.assert_array_equal(bank.image_ids, np.repeat([0, 1, 2], len(grids[0])))


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(20, 300))
def test_a_bank_never_outgrows_its_bound_and_holds_only_patches_of_their_owners(seed, most):
    grids = [((patches(60, seed=seed + image_id).reshape(6, 10, 8),), image_id) for image_id in range(40)]
    (bank,) = bounded_banks(grids, most=most)
    assert len(bank.patches) == most
    for image_id in set(bank.image_ids.tolist()):
        own = bank.patches[bank.image_ids == image_id]
        assert cdist(own, grids[image_id][0][0].reshape(-1, 8)).min(axis=1).max() < 1e-6


def test_a_patch_that_is_like_no_other_is_kept():
    common = patches(1, seed=1) + 0.01 * patches(2000, seed=2)
    rare = -patches(1, seed=1)
    everything = np.concatenate([common[:1234], rare, common[1234:]])
    assert 1234 in greedy_coreset(everything, 100)


def test_the_chosen_cover_the_rest_better_than_chance():
    everything = patches(4000)
    chosen = everything[greedy_coreset(everything, 400)]
    at_random = everything[np.random.default_rng(0).choice(4000, 400, replace=False)]
    assert farthest(everything, chosen) < 0.85 * farthest(everything, at_random)


def test_copies_are_not_chosen_twice():
    everything = np.tile(patches(5), (50, 1))
    assert len(greedy_coreset(everything, 100)) <= 10


def test_the_choice_takes_few_threads_and_gives_the_others_back(monkeypatch):
    import torch

    before, seen = torch.get_num_threads(), []
    torch.set_num_threads(8)
    plain = torch.addmm
    monkeypatch.setattr(
        torch, "addmm", lambda *a, **k: (seen.append(torch.get_num_threads()), plain(*a, **k))[1]
    )
    try:
        greedy_coreset(patches(300), 100)
        assert set(seen) == {4}
        assert torch.get_num_threads() == 8
    finally:
        torch.set_num_threads(before)
