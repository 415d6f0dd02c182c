"""Drift on real photographs: no alarm in any order of normals, and a light that fades is found and named."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from echo_agent.images.decoding import load_image
from echo_agent.images.listing import list_images
from echo_agent.inspector import Inspector
from echo_agent.runs.drift import DriftWatch

REFERENCES, SHUFFLES, FADING = 20, 200, 0.99

pytestmark = [pytest.mark.data, pytest.mark.slow]


@pytest.fixture(scope="module")
def tiles(test_data: Path, tmp_path_factory):
    """An inspector that knows 20 magnetic tiles, and 80 others."""
    files = [
        *list_images(test_data / "Mini/magnetic_tile/train/good"),
        *list_images(test_data / "Mini/magnetic_tile/test/good"),
    ]
    order = np.random.default_rng(0).permutation(len(files))
    files = [files[index] for index in order]
    inspector = Inspector.open(tmp_path_factory.mktemp("memory"))
    inspector.register("tile", files[:REFERENCES])
    return inspector, files[REFERENCES:]


def test_normals_in_200_orders_raise_alarms_within_the_promise(tiles):
    inspector, files = tiles
    images = [inspector.memory.store_image(file) for file in files]
    inspected = [(image, inspector.inspect(image, product="tile")) for image in images]
    generator = np.random.default_rng(1)
    alarmed, promised = 0, 0.0
    for _ in range(SHUFFLES):
        watch = DriftWatch(inspector.memory)
        for index in generator.permutation(len(inspected)):
            watch.add(*inspected[index])
        alarmed += bool(watch.alarms)
        promised += len(inspected) / 10_000
    assert alarmed <= promised


def test_a_light_that_fades_by_one_per_cent_a_part_is_found_within_60_parts(tiles, echo, tmp_path):
    inspector, files = tiles
    for number, file in enumerate(files[:60]):
        pixels = np.asarray(load_image(file), dtype=np.float32) * FADING**number
        Image.fromarray(pixels.round().astype(np.uint8)).save(tmp_path / f"{number:03d}.png")
    code, _, told = echo("inspect", tmp_path, "--product", "tile", "--memory", inspector.memory.folder)
    assert code == 0
    assert re.search(
        r"Drift of tile, certain at part \d\d: the photographs are darker: mean grey level", told
    )
    assert "Likeliest cause: the light is weaker" in told
    assert "once in 10,000 parts" in told
