import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from echo_agent.vision.efficientnet import EmbeddedEncoder


def photograph(width, height, seed=0):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(noise).filter(ImageFilter.GaussianBlur(3))


@pytest.fixture(scope="module")
def encoder():
    return EmbeddedEncoder("cpu")


def test_layers_lie_on_grids_of_half_the_side_each_and_the_coarsest_is_wide(encoder):
    (features,) = encoder.encode([photograph(400, 300)])
    fine, middle, coarse = (layer.patches.shape for layer in features.layers)
    assert fine[:2] == (middle[0] * 2, middle[1] * 2) == (coarse[0] * 4, coarse[1] * 4)
    assert coarse[2] > 1000
    assert np.abs(features.layers[2].lengths).mean() < 1
    assert features.layers[0].lengths.shape == fine[:2]
    assert features.layers[0].use.strength > 0
    assert features.guide.shape == (fine[0] * 2, fine[1] * 2)


def test_the_global_branch_is_the_same_at_every_scale_and_on_grids_of_half_the_side(encoder):
    image = photograph(300, 300)
    (once,), (finer,) = encoder.encode([image]), encoder.encode([image], scale=1.25)
    assert [layer.patches.shape[:2] for layer in once.global_branch] == [(16, 16), (8, 8), (4, 4)]
    assert not any(layer.use.on_map for layer in once.global_branch)
    for one, other in zip(once.global_branch, finer.global_branch, strict=True):
        assert np.linalg.norm(one.patches - other.patches, axis=-1).mean() < 0.15


def test_another_light_leaves_the_global_branch_as_it_was(encoder):
    image = ImageOps.autocontrast(photograph(256, 256), cutoff=2)
    darker = image.point(lambda value: 10 + value * 0.5)
    (plain,), (dark,) = encoder.encode([image]), encoder.encode([darker])

    def moved(layers, others):
        pairs = zip(layers, others, strict=True)
        return [np.linalg.norm(one.patches - other.patches, axis=-1).mean() for one, other in pairs]

    assert max(moved(plain.global_branch, dark.global_branch)) < 0.1
    assert min(moved(plain.layers, dark.layers)) > 0.15
