import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from echo_agent.vision.grain import PixelDetail
from echo_agent.vision.quality import FILE_NAME, MEASURES, QualityModel, fit_quality, measure, working_image
from tests.conftest import synthetic_part

SIZE = (320, 240)


def good(seed, size=SIZE):
    return synthetic_part(seed, size=size)


def lit(image, factor):
    return Image.fromarray(np.clip(np.asarray(image, dtype=np.float32) * factor, 0, 255).astype(np.uint8))


def noisy(image):
    values = np.asarray(image, dtype=np.float32)
    return Image.fromarray(
        np.clip(values + np.random.default_rng(0).normal(0, 40, values.shape), 0, 255).astype(np.uint8)
    )


def zoomed(image):
    width, height = image.size
    box = (int(width * 0.2), int(height * 0.2), int(width * 0.8), int(height * 0.8))
    return image.crop(box).resize(image.size, Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def model():
    return fit_quality([good(seed) for seed in range(6)])


@pytest.mark.parametrize("seed", range(20, 30))
def test_good_photographs_are_accepted(model, seed):
    assert model.judge(good(seed)).acceptable
    assert model.judge(synthetic_part(seed, defect=True, size=SIZE)).acceptable


@pytest.mark.parametrize(
    ("spoil", "wrong"),
    [
        (lambda image: image.filter(ImageFilter.GaussianBlur(3)), "blurred"),
        (lambda image: lit(image, 0.3), "too dark"),
        (lambda image: lit(image, 2.5), "over-exposed"),
        (noisy, "noisy"),
        (zoomed, "framed otherwise"),
        (lambda image: image.crop((0, 0, 120, 90)), "too small"),
        (lambda image: image.resize((960, 720)), "too large"),
        (lambda image: image.crop((0, 0, 320, 80)), "too wide"),
    ],
    ids=["blurred", "dark", "over-exposed", "noisy", "cropped", "small", "large", "wide"],
)
def test_a_poor_photograph_is_told_what_is_wrong_with_value_and_range(model, spoil, wrong):
    quality = model.judge(spoil(good(50)))
    assert not quality.acceptable
    told = next(finding for finding in quality.findings if wrong in finding)
    assert "the references allow" in told
    assert any(character.isdigit() for character in told)


def test_a_finding_tells_the_measured_value(model):
    dark = Image.new("RGB", SIZE, (20, 20, 20))
    assert any("mean grey level 20;" in finding for finding in model.judge(dark).findings)


def test_another_layout_is_framed_otherwise():
    def half(seed, box):
        picture = np.full((240, 320, 3), 60, dtype=np.uint8)
        picture[box] = 200
        noise = np.random.default_rng(seed).normal(0, 3, picture.shape)
        return Image.fromarray(np.clip(picture + noise, 0, 255).astype(np.uint8))

    left = (slice(40, 200), slice(20, 150))
    right = (slice(40, 200), slice(170, 300))
    model = fit_quality([half(seed, left) for seed in range(4)])
    assert model.judge(half(9, left)).acceptable
    assert any(finding.startswith("framed otherwise") for finding in model.judge(half(9, right)).findings)


def test_the_range_of_alike_references_is_no_point():
    """Photographs that are all the same still allow a little other light."""
    model = fit_quality([good(0)] * 4)
    assert model.judge(lit(good(0), 1.15)).acceptable


def test_references_that_differ_widen_their_range():
    lights = [0.5, 0.7, 1.0, 1.3]
    narrow = fit_quality([good(seed) for seed in range(4)]).ranges["brightness"]
    wide = fit_quality([lit(good(seed), light) for seed, light in enumerate(lights)]).ranges["brightness"]
    assert wide.high - wide.low > narrow.high - narrow.low


@pytest.mark.parametrize("count", [1, 2, 4, 64])
def test_any_number_of_references_gives_a_range_that_holds_for_them(count):
    references = [good(seed) for seed in range(count)]
    model = fit_quality(references)
    assert all(model.judge(image).acceptable for image in references)


def test_the_model_is_kept(model, tmp_path):
    model.save(tmp_path)
    assert QualityModel.model_validate_json((tmp_path / FILE_NAME).read_bytes()) == model


@settings(max_examples=40)
@given(
    width=st.integers(1, 400),
    height=st.integers(1, 400),
    grey=st.integers(0, 255),
    side=st.integers(32, 256),
)
def test_every_image_can_be_measured(width, height, grey, side):
    image = Image.new("RGB", (width, height), (grey, grey, grey))
    values = measure(image, working_image(image, side), PixelDetail.of(image))
    assert set(values) == set(MEASURES) - {"framing", "noise"}
    assert all(np.isfinite(value) for value in values.values())
