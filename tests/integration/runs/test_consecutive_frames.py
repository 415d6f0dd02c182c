"""Frames of a few parts, one after the other, promise no more than those parts do."""

import io

import pytest
from PIL import ImageEnhance

from echo_agent import Inspector
from echo_agent.images.decoding import load_image
from tests.conftest import synthetic_part

FRAMES = 3


def burst(image, start):
    """Frames of one part: it moves by some pixels, and the light fades by 0.2 % a frame."""
    step = max(1, image.width // 120)
    for frame in range(FRAMES):
        moved = image.crop((frame * step, 0, image.width - (FRAMES - 1 - frame) * step, image.height))
        yield ImageEnhance.Brightness(moved.resize(image.size)).enhance(1 - 0.002 * (start + frame))


def sequence(images):
    return [frame for number, image in enumerate(images) for frame in burst(image, FRAMES * number)]


def saved_anew(image, quality):
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


@pytest.fixture
def inspector(tmp_path):
    return Inspector.open(tmp_path / "memory")


@pytest.mark.data
def test_twelve_frames_of_four_cookies_are_four_cookies(inspector, test_data):
    photographs = sorted((test_data / "Mini" / "cookie" / "train" / "good").glob("normal-1?.jpg"))
    parts = [load_image(file) for file in photographs[:8]]
    record = inspector.register("cookie", sequence(parts[:4]))
    assert (record.guarantee.normals, record.guarantee.photographs) == (4, 12)
    verdicts = [inspector.inspect(part, product="cookie") for part in sequence(parts[4:])[::FRAMES]]
    assert {verdict.label for verdict in verdicts} <= {"normal", "review"}


@pytest.mark.slow
@pytest.mark.data
def test_over_draws_of_consecutive_frames_fewer_good_parts_are_rejected_than_is_promised(tmp_path, test_data):
    category = test_data / "Mini" / "cookie"
    files = sorted((category / "train" / "good").iterdir()) + sorted((category / "test" / "good").iterdir())
    parts = [load_image(file) for file in files]
    rejected, promised = [], []
    for start in (0, 16):
        inspector = Inspector.open(tmp_path / f"memory-{start}")
        record = inspector.register("cookie", sequence(parts[start : start + 10]))
        assert (record.guarantee.normals, record.guarantee.photographs) == (10, 10 * FRAMES)
        promised.append(record.guarantee.expected_false_reject)
        new = sequence([*parts[:start], *parts[start + 10 :]][::5])[1::FRAMES]
        rejected += [inspector.inspect(part, product="cookie").label == "defective" for part in new]
    assert sum(rejected) / len(rejected) <= sum(promised) / len(promised)


def test_frames_of_many_parts_keep_their_promise(inspector):
    record = inspector.register("plate", sequence(synthetic_part(seed) for seed in range(12)))
    assert record.guarantee.normals == 12
    new = sequence(synthetic_part(seed) for seed in range(100, 106))[::FRAMES]
    rejected = [inspector.inspect(part, product="plate").label == "defective" for part in new]
    assert sum(rejected) / len(rejected) <= record.guarantee.bound_95


def test_twelve_copies_of_one_photograph_promise_what_it_promises(inspector):
    copies = [saved_anew(synthetic_part(1), quality) for quality in range(40, 100, 5)]
    record = inspector.register("plate", copies)
    assert (record.guarantee.normals, record.guarantee.photographs) == (1, 12)
    assert record.guarantee.expected_false_reject is None
    assert inspector.inspect(synthetic_part(2), product="plate").label == "review"
