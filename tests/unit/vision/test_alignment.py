import numpy as np
import pytest

from echo_agent.vision.alignment import align, normalised, patch_points, unit_of

SIZE = (200, 160)


def seen(seed, scale=1.0, shift=0j, rows=16, columns=20):
    """Patch features of one world of smooth random waves, photographed by a camera that was moved."""
    generator = np.random.default_rng(seed)
    waves = generator.normal(size=(2, 48)) * 9
    phases = generator.uniform(0, 2 * np.pi, 48)
    points = patch_points(np.zeros((rows, columns, 1), dtype=np.float32), SIZE) * scale + shift
    flat = np.stack([points.real.ravel(), points.imag.ravel()])
    return np.cos(flat.T @ waves + phases).reshape(rows, columns, 48).astype(np.float32)


@pytest.mark.parametrize(
    ("scale", "shift"), [(1.0, 0j), (1.0, 0.08 + 0.05j), (1.12, -0.06j), (0.9, 0.05 + 0.05j)]
)
def test_a_moved_camera_is_found_out(scale, shift):
    source, target = normalised(seen(1)), normalised(seen(1, scale, shift))
    found = align(source, target, (SIZE, SIZE))
    assert found is not None
    places = np.array([0.3 + 0.3j, 0.6 + 0.5j])
    expected = (places - shift) / scale
    patch = 1 / 20 * SIZE[0] / unit_of(SIZE)
    assert np.abs(found.transform(places) - expected).max() < patch / 2


def test_photographs_of_other_things_are_not_aligned():
    assert align(normalised(seen(1)), normalised(seen(2)), (SIZE, SIZE)) is None
