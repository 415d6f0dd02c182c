"""What Echo takes for granted of an encoder: each check holds for every encoder that it knows, and for one of your own.

Call ``check_encoder(encoder)``, or parametrise a test over ``CHECKS``.
"""

import numpy as np
from PIL import Image, ImageFilter

from echo_agent.vision.features import FeatureEncoder, Features


def photograph(seed: int, size: tuple[int, int] = (160, 160)) -> Image.Image:
    """A photograph of spots of many colours."""
    noise = np.random.default_rng(seed).integers(0, 256, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(1))


def arrays_of(features: Features) -> list[np.ndarray]:
    """All that is compared: each layer, the joined patches, the embedding."""
    return [*(layer.compared for layer in features.all_layers), features.patches, features.embedding]


def check_it_has_a_name_and_an_id(encoder: FeatureEncoder) -> None:
    assert isinstance(encoder.name, str)
    assert encoder.name
    before = encoder.id
    encoder.encode([photograph(0)])
    assert isinstance(before, str)
    assert encoder.id == before


def check_no_images_have_no_features(encoder: FeatureEncoder) -> None:
    assert encoder.encode([]) == []


def check_patches_and_embedding_are_finite_float32_of_unit_length(encoder: FeatureEncoder) -> None:
    (features,) = encoder.encode([photograph(1, (200, 120))])
    assert features.layers
    for values in (*(layer.patches for layer in features.all_layers), features.patches):
        assert values.ndim == 3
        assert values.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(values, axis=2), 1, atol=1e-3)
    assert features.embedding.ndim == 1
    assert features.embedding.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(features.embedding), 1, atol=1e-3)


def check_a_layer_is_on_the_map_and_counts_in_the_score(encoder: FeatureEncoder) -> None:
    (features,) = encoder.encode([photograph(1)])
    assert any(layer.use.on_map for layer in features.layers)
    assert sum(layer.use.weight for layer in features.all_layers) > 0
    if features.guide is not None:
        assert features.guide.ndim == 2
        assert features.guide.dtype == np.float32
        finest = features.layers[0].patches.shape
        assert features.guide.shape[0] >= finest[0]
        assert features.guide.shape[1] >= finest[1]


def check_images_of_any_size_have_the_same_channels(encoder: FeatureEncoder) -> None:
    sizes = [(160, 160), (240, 80), (80, 240), (1, 1), (3, 200)]
    found = encoder.encode([photograph(2, (max(8, w), max(8, h))).resize((w, h)) for w, h in sizes])
    shapes = {tuple(values.shape[-1] for values in arrays_of(features)) for features in found}
    assert len(shapes) == 1
    assert all(np.isfinite(values).all() for features in found for values in arrays_of(features))


def check_the_aspect_ratio_is_kept(encoder: FeatureEncoder) -> None:
    wide, tall = encoder.encode([photograph(3, (320, 160)), photograph(3, (160, 320))])
    rows, columns = wide.patches.shape[:2]
    assert 1.6 <= columns / rows <= 2.5
    assert tall.patches.shape[:2] == (columns, rows)


def check_a_larger_scale_is_a_finer_grid_of_the_same_channels(encoder: FeatureEncoder) -> None:
    image = photograph(4)
    (coarse,), (fine,) = encoder.encode([image]), encoder.encode([image], scale=1.5)
    assert fine.patches.shape[0] > coarse.patches.shape[0]
    assert fine.patches.shape[2] == coarse.patches.shape[2]
    assert [a.compared.shape[2] for a in fine.all_layers] == [a.compared.shape[2] for a in coarse.all_layers]


def check_an_image_is_the_same_alone_again_and_in_a_batch_of_many_sizes(encoder: FeatureEncoder) -> None:
    sizes = [(160, 160), (200, 100), (160, 160), (100, 200)]
    images = [photograph(seed, size) for seed, size in enumerate(sizes)]
    for image, together in zip(images, encoder.encode(images), strict=True):
        (alone,), (again,) = encoder.encode([image]), encoder.encode([image])
        for one, same, batched in zip(*map(arrays_of, (alone, again, together)), strict=True):
            np.testing.assert_allclose(one, same, atol=1e-5)
            np.testing.assert_allclose(one, batched, atol=1e-3)


def check_what_changes_in_a_corner_changes_the_patches_there(encoder: FeatureEncoder) -> None:
    """Nothing is cropped away, and no other token is taken for a patch."""
    plain = photograph(5)
    corners = [(0, 0), (128, 0), (0, 128), (128, 128)]
    before, *after = encoder.encode([plain, *(_marked(plain, corner) for corner in corners)])
    for (left, top), features in zip(corners, after, strict=True):
        change = np.linalg.norm(features.patches - before.patches, axis=2)
        row, column = np.unravel_index(change.argmax(), change.shape)
        assert (row >= change.shape[0] / 2, column >= change.shape[1] / 2) == (top > 0, left > 0)
        assert change.max() > 2 * np.median(change)


def _marked(image: Image.Image, corner: tuple[int, int]) -> Image.Image:
    marked = image.copy()
    marked.paste((250, 20, 20), (*corner, corner[0] + 32, corner[1] + 32))
    return marked


def check_the_nearest_embedding_is_that_of_the_same_thing(encoder: FeatureEncoder) -> None:
    things = [photograph(seed) for seed in (6, 7, 8)]
    noisy = [thing.filter(ImageFilter.GaussianBlur(0.6)) for thing in things]
    known, seen = (np.stack([f.embedding for f in encoder.encode(images)]) for images in (things, noisy))
    assert (seen @ known.T).argmax(axis=1).tolist() == [0, 1, 2]


CHECKS = (
    check_it_has_a_name_and_an_id,
    check_no_images_have_no_features,
    check_patches_and_embedding_are_finite_float32_of_unit_length,
    check_a_layer_is_on_the_map_and_counts_in_the_score,
    check_images_of_any_size_have_the_same_channels,
    check_the_aspect_ratio_is_kept,
    check_a_larger_scale_is_a_finer_grid_of_the_same_channels,
    check_an_image_is_the_same_alone_again_and_in_a_batch_of_many_sizes,
    check_what_changes_in_a_corner_changes_the_patches_there,
    check_the_nearest_embedding_is_that_of_the_same_thing,
)


def check_encoder(encoder: FeatureEncoder) -> None:
    """Runs all checks."""
    for check in CHECKS:
        check(encoder)
