import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from echo_agent.vision.light import CONTRAST, MIN_CONTRAST, USUAL_BRIGHTNESS, evened


def images(seed, count=2, contrast=0.2):
    drawn = torch.randn(count, 3, 8, 9, generator=torch.Generator().manual_seed(seed))
    return drawn.clamp(-1.5, 1.5) * contrast


@settings(max_examples=25)
@given(st.integers(0, 1000), st.floats(-0.4, 0.4), st.floats(0.4, 2.0))
def test_a_light_and_a_contrast_make_no_difference(seed, brightness, contrast):
    plain = images(seed)
    torch.testing.assert_close(evened(plain * contrast + brightness), evened(plain), atol=1e-4, rtol=0)


@settings(max_examples=25)
@given(st.integers(0, 1000))
def test_images_get_one_brightness_and_contrast_each_by_itself(seed):
    both = evened(torch.cat([images(seed, 1), images(seed + 1, 1) * 0.5 + 0.3]))
    assert both.abs().max() <= 1
    for one in both:
        assert float(one.mean()) == pytest.approx(USUAL_BRIGHTNESS, abs=0.05)
        assert float(one.std()) == pytest.approx(CONTRAST, abs=0.1)


def test_colours_stay_what_they_are_to_each_other():
    (image,) = images(3, 1)
    image[0] += 0.1
    (found,) = evened(image[None])
    apart, before = found[0] - found[1], image[0] - image[1]
    inside = (found.abs() < 1).all(dim=0)
    ratio = apart[inside] / before[inside]
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio), rtol=1e-3, atol=0)


def test_noise_on_an_even_ground_is_not_stretched_to_full_contrast():
    (found,) = evened(images(5, 1, contrast=MIN_CONTRAST / 10))
    assert float(found.std()) < CONTRAST / 5
    assert torch.isfinite(evened(torch.zeros(1, 3, 4, 4))).all()
