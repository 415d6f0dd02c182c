import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from echo_agent.vision.cnn import USUAL_LENGTH, patches_of, resized


@settings(max_examples=25)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 1000), st.floats(0.1, 10))
def test_patches_have_unit_length_and_their_lengths_grow_with_the_features(rows, columns, seed, factor):
    layer = torch.rand(2, 5, rows, columns, generator=torch.Generator().manual_seed(seed)) + 0.1
    patches, lengths = patches_of(layer)
    assert patches.shape == (2, rows, columns, 5)
    np.testing.assert_allclose(np.linalg.norm(patches, axis=3), 1, rtol=1e-5)
    same, longer = patches_of(layer * factor)
    np.testing.assert_allclose(same, patches, atol=1e-5)
    np.testing.assert_allclose(longer, lengths + np.log(factor), atol=1e-5)


def test_a_patch_is_the_mean_of_its_neighbourhood_without_what_lies_outside():
    layer = torch.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    _, lengths = patches_of(layer)
    assert np.exp(lengths[0, 1, 1]) * USUAL_LENGTH == pytest.approx(5.0)
    assert np.exp(lengths[0, 0, 0]) * USUAL_LENGTH == pytest.approx((1 + 2 + 4 + 5) / 4)


@pytest.mark.parametrize("size", [(1024, 700), (256, 256), (90, 120)])
def test_images_are_resized_as_by_pillow(size):
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(3))
    expected = np.asarray(image.resize((224, 288), Image.Resampling.BICUBIC), dtype=np.float32)
    np.testing.assert_allclose(resized(image, (224, 288)).astype(np.float32), expected, atol=2.01)
