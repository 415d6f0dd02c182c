"""The embedded encoder with its real weights."""

import numpy as np
import pytest
from PIL import Image

from echo_agent.vision.encoder import load_encoder
from tests.conftest import synthetic_part


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("efficientnet-lite2", "cpu")


def test_the_aspect_ratio_is_kept(encoder):
    wide, tall = encoder.encode([synthetic_part(1, size=(320, 160)), synthetic_part(1, size=(160, 320))])
    rows, columns, _ = wide.patches.shape
    assert 1.7 <= columns / rows <= 2.3
    assert tall.patches.shape[:2] == (columns, rows)


def test_features_are_of_unit_length_and_one_image_is_encoded_as_in_a_batch_of_many_sizes(encoder):
    images = [synthetic_part(1), synthetic_part(2, size=(144, 192)), synthetic_part(3)]
    together = encoder.encode(images)
    for image, features in zip(images, together, strict=True):
        (alone,) = encoder.encode([image])
        np.testing.assert_allclose(features.patches, alone.patches, atol=1e-4)
        np.testing.assert_allclose(features.embedding, alone.embedding, atol=1e-4)
        assert features.patches.dtype == features.embedding.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(features.patches, axis=-1), 1, atol=1e-4)
        assert np.linalg.norm(features.embedding) == pytest.approx(1, abs=1e-4)


def test_nothing_is_cropped_away(encoder):
    plain = synthetic_part(1)
    (before,) = encoder.encode([plain])
    for corner in ((0, 0), (168, 0), (0, 120), (168, 120)):
        marked = plain.copy()
        marked.paste((250, 20, 20), (*corner, corner[0] + 24, corner[1] + 24))
        (after,) = encoder.encode([marked])
        change = np.linalg.norm(after.patches - before.patches, axis=-1)
        rows, columns = change.shape
        row, column = np.unravel_index(change.argmax(), change.shape)
        assert (row >= rows / 2, column >= columns / 2) == (corner[1] > 60, corner[0] > 60)
        assert change.max() > 0.3


def test_a_larger_scale_sees_finer(encoder):
    coarse, fine = (encoder.encode([synthetic_part(1)], scale=scale)[0] for scale in (1.0, 1.5))
    assert fine.patches.shape[0] > coarse.patches.shape[0]
    assert fine.patches.shape[2] == coarse.patches.shape[2]


@pytest.mark.parametrize("size", [(1, 1), (3, 900)])
def test_odd_sizes_are_encoded(encoder, size):
    (features,) = encoder.encode([Image.new("RGB", size, (90, 90, 90))])
    assert np.isfinite(features.patches).all()
