"""Photographs of more than 8 bits: one scale for all of a product, kept with it."""

import numpy as np
import pytest
from PIL import Image

from echo_agent.errors import ImageError, ProductError
from echo_agent.images.decoding import load_image
from echo_agent.images.depth import EIGHT_BITS, UNIT, Depth
from echo_agent.memory.memory import Memory
from tests.conftest import synthetic_part
from tests.photographs import encoded

TWELVE = Depth.of_bits(12)


def grey(image):
    return np.asarray(image.convert("L")).astype(np.uint16)


def camera(image, light=16):
    """What a camera of 12 bits saves in a file of 16."""
    return encoded(Image.fromarray(grey(image) * np.uint16(light)), "TIFF")


def as_floats(image, highlight=None):
    values = grey(image).astype(np.float32) / 255
    if highlight is not None:
        values[0, 0] = highlight
    return encoded(Image.fromarray(values), "TIFF")


@pytest.fixture
def photographed(memory):
    """A memory with ``plate``, photographed with 12 bits in files of 16."""
    memory.register("plate", [camera(synthetic_part(seed)) for seed in range(6)])
    return memory


def test_the_depth_is_found_out_and_kept_with_the_product(photographed):
    assert photographed.product("plate").depth == TWELVE
    assert Memory.open(photographed.folder).product("plate").depth == TWELVE
    assert photographed.register("disc", [synthetic_part(1)]).depth == EIGHT_BITS
    assert photographed.register("foil", [as_floats(synthetic_part(1), 1.03)]).depth == UNIT


def test_all_photographs_of_a_product_have_one_scale(photographed):
    part = synthetic_part(50)
    for light in (16, 8, 2):
        seen = load_image(photographed.store_image(camera(part, light), "plate").uri)
        expected = np.rint(grey(part) * light / 4095 * 255)
        assert (np.asarray(seen)[..., 0] == expected).all()


def test_a_defect_in_12_bits_stands_out(memory):
    memory.register("plate", [camera(synthetic_part(seed)) for seed in range(10)])
    good, bad = synthetic_part(50), synthetic_part(51)
    bad.paste((0, 0, 0), (80, 32, 112, 56))
    scores = {}
    for name, part in (("good", good), ("bad", bad)):
        found = memory.evidence(memory.store_image(camera(part), "plate"), "plate")
        scores[name] = found.score / found.threshold
    assert scores["good"] <= 1 < scores["bad"]


def test_a_highlight_does_not_darken_a_float_photograph(memory):
    memory.register("foil", [as_floats(synthetic_part(seed)) for seed in range(3)])
    plain, bright = (
        np.asarray(load_image(memory.store_image(as_floats(synthetic_part(9), highlight), "foil").uri))
        for highlight in (1.0, 1.03)
    )
    assert (plain == bright).all()


def test_a_photograph_of_another_depth_is_refused_with_the_remedy(photographed):
    sixteen = encoded(Image.fromarray(grey(synthetic_part(50)) * np.uint16(256)))
    with pytest.raises(ImageError, match=r"beyond 12 bits .*--depth"):
        photographed.store_image(sixteen, "plate")
    photographed.register("disc", [synthetic_part(1)])
    with pytest.raises(ImageError, match=r"beyond 8 bits .*--depth"):
        photographed.store_image(sixteen, "disc")


def test_the_depth_can_be_said(memory):
    dim = [camera(synthetic_part(seed), light=2) for seed in range(3)]
    assert memory.register("plate", dim).depth == Depth.of_bits(10)
    with pytest.raises(ProductError, match=r"plate is read with 10 bits .*--replace"):
        memory.register("plate", dim, depth="12")
    assert memory.register("plate", dim, depth="12", replace=True).depth == TWELVE
    assert memory.register("disc", [synthetic_part(1)], depth="16").depth == Depth.of_bits(16)
    sixteen = encoded(Image.fromarray(grey(synthetic_part(50)) * np.uint16(257)))
    assert (
        np.asarray(load_image(memory.store_image(sixteen, "disc").uri))[..., 0] == grey(synthetic_part(50))
    ).all()


def test_photographs_that_leave_their_depth_open_register_nothing(memory):
    with pytest.raises(ImageError, match="--depth"):
        memory.register("plate", [as_floats(synthetic_part(0)), camera(synthetic_part(1))])
    assert not memory.products()


def test_further_references_are_read_like_the_first(photographed):
    record = photographed.add_references("plate", [camera(synthetic_part(20), light=8)])
    seen = np.asarray(load_image(record.references[-1].uri))[..., 0]
    assert (seen == np.rint(grey(synthetic_part(20)) * 8 / 4095 * 255)).all()
    assert record.depth == TWELVE


def test_a_version_that_is_restored_is_read_as_it_was(photographed):
    photographed.register("plate", [synthetic_part(1)], replace=True)
    assert photographed.product("plate").depth == EIGHT_BITS
    assert photographed.restore("plate", 1).depth == TWELVE


def test_photographs_that_join_a_product_are_read_with_its_depth(photographed):
    record = photographed.register("plate", [camera(synthetic_part(20), light=8)])
    assert (record.normals, record.depth) == (7, TWELVE)
    with pytest.raises(ImageError, match="beyond 12 bits"):
        photographed.register("plate", [encoded(Image.fromarray(grey(synthetic_part(1)) * np.uint16(257)))])
    photographed.register("disc", [synthetic_part(1)])
    assert photographed.register("disc", [camera(synthetic_part(2))]).depth == TWELVE


def test_a_photograph_of_no_named_product_is_read_with_the_depth_that_it_fits(photographed):
    photographed.register("disc", [synthetic_part(1)])
    part = synthetic_part(50)
    named = photographed.store_image(camera(part), "plate")
    assert photographed.store_image(camera(part)).sha256 == named.sha256
    with pytest.raises(ImageError, match="say which product"):
        photographed.store_image(camera(part, light=1))


@pytest.mark.parametrize("form", ["file", "bytes", "array", "Pillow"])
def test_every_way_in_gives_the_same_picture(form, photographed, tmp_path):
    values = grey(synthetic_part(50)) * np.uint16(16)
    file = tmp_path / "part.png"
    Image.fromarray(values).save(file)
    given = {"file": file, "bytes": file.read_bytes(), "array": values, "Pillow": Image.fromarray(values)}
    seen = photographed.store_image(given[form], "plate")
    assert (np.asarray(load_image(seen.uri))[..., 0] == np.rint(values / 4095 * 255)).all()
