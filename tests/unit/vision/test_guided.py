import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from echo_agent.vision.guided import follow_edges, guides_of


def test_a_blurred_border_moves_to_the_edge_in_the_picture():
    guide = np.where(np.arange(64) < 30, -1.0, 1.0).astype(np.float32)[None].repeat(64, axis=0)
    coarse = np.where(np.arange(32) < 15, 0.0, 1.0).astype(np.float32)[None].repeat(32, axis=0)
    coarse[:, 14:16] = 0.5
    found, smoothed = (follow_edges(coarse, one)[32] for one in (guide, np.zeros_like(guide)))
    assert np.diff(found).argmax() == 29
    assert np.diff(found).max() > 2 * np.diff(smoothed).max()
    assert found[:24].max() < 0.1
    assert found[36:].min() > 0.9


def test_without_an_edge_the_map_is_smoothed():
    spot = np.zeros((16, 16), dtype=np.float32)
    spot[8, 8] = 1.0
    found = follow_edges(spot, np.zeros((32, 32), dtype=np.float32))
    assert found.shape == (32, 32)
    assert found.max() < 0.5
    assert found.sum() == pytest.approx(4.0, rel=0.1)


@settings(max_examples=25)
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-5, 5))
def test_it_keeps_a_constant_map_and_follows_its_scale(seed, scale, constant):
    drawn = np.random.default_rng(seed)
    guide = drawn.normal(size=(24, 32)).astype(np.float32)
    layer = np.full((12, 16), constant, dtype=np.float32)
    np.testing.assert_allclose(follow_edges(layer, guide), constant, atol=1e-3)
    drawing = drawn.random((12, 16)).astype(np.float32)
    louder = follow_edges(drawing * np.float32(scale), guide) / scale
    np.testing.assert_allclose(louder, follow_edges(drawing, guide), atol=1e-3)


@settings(max_examples=25)
@given(st.integers(0, 1000), st.floats(0.2, 5), st.floats(-3, 3))
def test_light_and_contrast_of_the_whole_image_leave_the_guide_as_it_is(seed, contrast, light):
    pixels = torch.rand(2, 3, 40, 32, generator=torch.Generator().manual_seed(seed))
    plain = guides_of(pixels)
    assert plain.shape == (2, 10, 8)
    assert plain.mean(axis=(1, 2)) == pytest.approx(0, abs=1e-5)
    assert plain.std(axis=(1, 2)) == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(guides_of(pixels * contrast + light), plain, atol=1e-2)


def test_an_even_image_guides_nowhere():
    np.testing.assert_array_equal(guides_of(torch.full((1, 3, 16, 16), 0.3)), 0)
