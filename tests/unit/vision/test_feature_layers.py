from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo_agent.vision.comparison import PatchBank
from echo_agent.vision.feature_layers import LEAST, compare, rotation_helps
from echo_agent.vision.features import FeatureLayer, Features, Use


def grid(rows, columns, seed, channels=16):
    made = np.abs(np.random.default_rng(seed).normal(size=(rows, columns, channels))).astype(np.float32)
    return made / np.linalg.norm(made, axis=-1, keepdims=True)


def layers(*shapes, seed=0, uses=None):
    uses = uses or [Use()] * len(shapes)
    grids = [grid(*shape, seed=seed + number) for number, shape in enumerate(shapes)]
    return [FeatureLayer(patches, use) for patches, use in zip(grids, uses, strict=True)]


def banks(*shapes, seed=100):
    return [PatchBank.of([layer.patches], [0]) for layer in layers(*shapes, seed=seed)]


def image_of(made, guide=None):
    return Features(layers=tuple(made), embedding=np.ones(4, dtype=np.float32), guide=guide)


SHAPES = (16, 12), (8, 6), (4, 3)


@settings(max_examples=25)
@given(st.lists(st.floats(0.5, 4), min_size=3, max_size=3), st.integers(0, 1000))
def test_the_score_is_the_geometric_mean_of_the_levels_scores_with_their_weights(weights, seed):
    image = layers(*SHAPES, seed=seed, uses=[Use(weight=weight) for weight in weights])
    references = banks(*SHAPES)
    alone = [compare(image_of([layer]), [bank]).score for layer, bank in zip(image, references, strict=True)]
    assert np.log(compare(image_of(image), references).score) == pytest.approx(
        np.average(np.log(alone), weights=weights), abs=1e-4
    )


def test_the_map_is_on_the_finest_grid_and_only_of_the_levels_that_are_on_it():
    fine, coarse = Use(), Use(on_map=False)
    image = layers(*SHAPES, uses=[fine, fine, coarse])
    references = banks(*SHAPES)
    drawn = compare(image_of(image), references).anomaly_map
    assert drawn.shape == (16, 12)
    np.testing.assert_allclose(drawn, compare(image_of(image[:2]), references[:2]).anomaly_map, atol=1e-6)


def test_the_overview_counts_in_the_score_and_not_on_the_map():
    image, smaller = layers(*SHAPES), layers((8, 6), (4, 3), seed=20)
    references, seen = banks(*SHAPES), banks((8, 6), (4, 3), seed=50)
    global_branch = tuple(replace(layer, use=Use(weight=1.5, on_map=False)) for layer in smaller)
    found = compare(replace(image_of(image), global_branch=global_branch), [*references, *seen])
    alone = compare(image_of(image), references)
    np.testing.assert_array_equal(found.anomaly_map, alone.anomaly_map)
    parts = [compare(image_of([layer]), [bank]).score for layer, bank in zip(smaller, seen, strict=True)]
    expected = np.average(np.log([alone.score, *parts]), weights=[3, 1.5, 1.5])
    assert np.log(found.score) == pytest.approx(expected, abs=1e-4)


def test_a_foreign_place_shows_on_the_map_though_one_level_alone_sees_it():
    references = banks(*SHAPES)
    image = [
        FeatureLayer(bank.patches.reshape(*shape, -1) * 1.0)
        for bank, shape in zip(references, SHAPES, strict=True)
    ]
    noisy = [
        replace(
            layer, patches=(layer.patches + 0.2 * grid(*layer.patches.shape[:2], seed=7)).astype(np.float32)
        )
        for layer in image
    ]
    foreign = noisy[0].patches.copy()
    foreign[4:6, 8:10] = -foreign[4:6, 8:10]
    drawn = compare(image_of([replace(noisy[0], patches=foreign), *noisy[1:]]), references).anomaly_map
    row, column = np.unravel_index(drawn.argmax(), drawn.shape)
    assert row in (4, 5)
    assert column in (8, 9)


def test_a_distance_counts_on_the_map_and_not_in_the_score_with_the_strength_of_the_answer():
    references = banks((8, 8))
    (layer,) = layers((8, 8), uses=[Use(rarity=0.0, surroundings=0.0, strength=0.5)])
    weak = np.zeros((8, 8), dtype=np.float32)
    weak[:, :4] = np.log(0.25)
    plain, found = (
        compare(image_of([replace(layer, lengths=lengths)]), references)
        for lengths in (np.zeros((8, 8), dtype=np.float32), weak)
    )
    assert found.score == pytest.approx(plain.score)
    np.testing.assert_allclose(found.anomaly_map[:, :4], 0.5 * plain.anomaly_map[:, :4], rtol=1e-5)
    np.testing.assert_allclose(found.anomaly_map[:, 4:], plain.anomaly_map[:, 4:], rtol=1e-5)


def test_the_map_is_on_the_grid_of_the_guide_where_there_is_one():
    guide = np.zeros((32, 24), dtype=np.float32)
    found = compare(image_of(layers(*SHAPES), guide), banks(*SHAPES))
    assert found.anomaly_map.shape == (32, 24)
    assert found.score == compare(image_of(layers(*SHAPES)), banks(*SHAPES)).score


def test_an_image_that_is_a_reference_has_the_least_score_and_a_dark_map():
    references = banks(*SHAPES)
    image = [
        FeatureLayer(bank.patches.reshape(*shape, -1)) for bank, shape in zip(references, SHAPES, strict=True)
    ]
    found = compare(image_of(image), references)
    assert LEAST <= found.score < 0.02
    assert np.abs(found.anomaly_map).max() < 0.01


def test_levels_are_joined_on_the_grid_of_the_middle_one():
    features = image_of(layers(*SHAPES))
    assert features.patches.shape == (8, 6, 48)
    np.testing.assert_allclose(np.linalg.norm(features.patches, axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(features.patches[..., 16:32] * 3**0.5, features.layers[1].patches, atol=1e-5)


def test_what_is_joined_of_a_level_are_its_narrow_patches_where_it_has_such():
    fine, middle, coarse = layers(*SHAPES)
    narrow = grid(4, 3, seed=9, channels=5)
    features = image_of([fine, middle, replace(coarse, narrow=narrow)])
    assert features.patches.shape == (8, 6, 16 + 16 + 5)
    np.testing.assert_array_equal(replace(coarse, narrow=narrow).compared, coarse.patches)


def test_an_encoder_of_one_level_has_its_patches_as_they_are():
    (layer,) = layers((5, 5))
    assert image_of([layer]).patches is layer.patches


def test_lengths_are_one_more_channel_only_where_they_count():
    (plain,) = layers((3, 3))
    lengths = np.linspace(-0.2, 0.2, 9, dtype=np.float32).reshape(3, 3)
    assert replace(plain, lengths=lengths).compared is plain.patches
    counted = replace(plain, lengths=lengths, use=Use(length=4.0)).compared
    np.testing.assert_array_equal(counted[..., :-1], plain.patches)
    np.testing.assert_allclose(counted[..., -1], 4 * lengths, rtol=1e-6)


def test_a_place_of_the_same_direction_but_another_length_raises_the_score_where_lengths_count():
    alike = grid(5, 5, seed=1)
    usual, strong = np.zeros((5, 5), dtype=np.float32), np.zeros((5, 5), dtype=np.float32)
    strong[2, 2] = 0.5
    for use, raised in ((Use(rarity=0.0), False), (Use(rarity=0.0, length=4.0), True)):
        reference = PatchBank.of([FeatureLayer(alike, use, usual).compared], [0])
        score = compare(image_of([FeatureLayer(alike, use, strong)]), [reference]).score
        assert (
            score > 10 * compare(image_of([FeatureLayer(alike, use, usual)]), [reference]).score
        ) == raised


def test_turned_copies_help_where_parts_lie_either_way():
    part = grid(6, 6, seed=3)
    noise = [0.05 * grid(6, 6, seed=10 + number) for number in range(4)]
    one_way = [part + one for one in noise]
    rotated = [one[::-1, ::-1] for one in one_way]
    assert not rotation_helps(one_way, rotated, range(len(one_way)))
    either = [one_way[0], one_way[1], grid(6, 6, seed=4)]
    assert rotation_helps(either, [grid(6, 6, seed=4) + noise[0], one_way[3], part + noise[2]], range(3))
