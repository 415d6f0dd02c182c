"""Photographs of one part are found among those of many, whatever happened to them on the way."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from echo_agent.vision.near_duplicates import near_duplicates
from tests.conftest import synthetic_part


def saved_anew(image, quality):
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream).convert("RGB")


def shifted(image, across, down):
    inner = image.crop((across, down, image.width, image.height))
    return inner.resize(image.size, Image.Resampling.BICUBIC)


def noisy(image):
    noise = np.random.default_rng(0).normal(0, 3, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


COPIES = {
    "saved anew": lambda image: saved_anew(image, 60),
    "shifted": lambda image: shifted(image, 4, 3),
    "cropped": lambda image: image.crop((4, 3, image.width - 4, image.height - 3)),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.75),
    "noisy": noisy,
    "smaller": lambda image: image.resize((image.width * 2 // 3, image.height * 2 // 3)),
}


def groups(images):
    """Embeddings tell nothing here: every pair is compared all the same."""
    return near_duplicates(images, np.eye(len(images), dtype=np.float32))


def test_different_parts_are_groups_of_their_own():
    assert groups([synthetic_part(seed) for seed in range(8)]) == tuple(range(8))


@pytest.mark.parametrize("change", COPIES)
def test_a_copy_is_found_among_other_parts(change):
    parts = [synthetic_part(seed) for seed in range(4)]
    assert groups([*parts, COPIES[change](parts[2])]) == (0, 1, 2, 3, 2)


def test_copies_of_one_photograph_are_one_part():
    assert groups([saved_anew(synthetic_part(1), quality) for quality in range(40, 100, 5)]) == (0,) * 12


def test_bursts_of_three_parts_are_three_parts():
    frames = [shifted(synthetic_part(part), 1 + frame, 1) for part in range(3) for frame in range(5)]
    assert groups(frames) == tuple(part for part in range(3) for _ in range(5))


def test_among_many_photographs_those_of_a_burst_are_found():
    parts = [synthetic_part(seed) for seed in range(30)]
    assert groups([*parts, shifted(parts[29], 3, 2)]) == (*range(30), 29)


def test_photographs_without_any_detail_are_one():
    assert groups([Image.new("RGB", (64, 48), (90, 90, 90))] * 3) == (0, 0, 0)
    assert groups([Image.new("RGB", (64, 48), (90, 90, 90))]) == (0,)
