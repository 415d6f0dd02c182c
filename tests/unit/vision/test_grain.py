import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from echo_agent.vision.grain import PixelDetail
from tests.conftest import synthetic_part


def with_noise(image, deviation, seed=0):
    values = np.asarray(image.convert("L"), dtype=np.float32)
    noise = np.random.default_rng(seed).normal(0, deviation, values.shape)
    return Image.fromarray(np.clip(values + noise, 0, 255).astype(np.uint8)).convert("RGB")


@pytest.mark.parametrize("size", [(200, 160), (640, 480)])
@pytest.mark.parametrize("deviation", [5.0, 10.0, 20.0])
def test_added_noise_is_measured_in_grey_levels_beside_the_same_part_without_it(size, deviation):
    clean = synthetic_part(3, size=size)
    usual = PixelDetail.of(clean)
    assert usual.noise(usual.grain) == pytest.approx(0, abs=0.2)
    assert PixelDetail.of(with_noise(clean, deviation)).noise(usual.grain) == pytest.approx(
        deviation, rel=0.15
    )


def test_texture_of_the_same_grain_is_no_noise_however_strong():
    texture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (200, 200), dtype=np.uint8)).filter(
        ImageFilter.GaussianBlur(1)
    )
    faint = texture.point(lambda value: 128 + (value - 128) // 4)
    usual = PixelDetail.of(faint.convert("RGB"))
    strong = PixelDetail.of(texture.convert("RGB"))
    assert strong.upright > 10 * usual.upright
    assert strong.noise(usual.grain) < 2


def test_blur_lowers_the_grain():
    part = with_noise(synthetic_part(3, size=(320, 240)), 5)
    assert PixelDetail.of(part.filter(ImageFilter.GaussianBlur(1.5))).grain < 0.7 * PixelDetail.of(part).grain


@settings(max_examples=40)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 255), st.floats(0, 5))
def test_an_even_image_has_neither_detail_nor_noise(width, height, grey, usual_grain):
    detail = PixelDetail.of(Image.new("RGB", (width, height), (grey, grey, grey)))
    assert (detail.diagonal, detail.upright) == pytest.approx((0, 0), abs=1e-3)
    assert detail.noise(usual_grain) == pytest.approx(0, abs=0.1)
