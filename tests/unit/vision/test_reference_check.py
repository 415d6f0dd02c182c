import numpy as np
import pytest
from PIL import Image, ImageFilter

from echo_agent.vision.reference_check import reference_remarks, what_is_missing
from tests.conftest import synthetic_part

FADED = Image.fromarray(np.tile(np.linspace(120, 138, 200, dtype=np.uint8), (150, 1))).convert("RGB")


@pytest.mark.parametrize(
    ("photograph", "missing"),
    [
        (synthetic_part(1), None),
        (synthetic_part(1).point(lambda value: value // 12), "nearly black"),
        (Image.new("RGB", (200, 150), (210, 212, 215)), "blank"),
        (FADED.filter(ImageFilter.GaussianBlur(3)), "featureless"),
    ],
)
def test_an_empty_photograph_is_told(photograph, missing):
    assert what_is_missing(photograph) == missing


def remarks(photographs, scores=(), groups=()):
    names = {number: f"{number}.png" for number in range(len(photographs))}
    return list(reference_remarks(photographs, names, scores, groups))


def test_the_same_picture_twice_and_the_one_unlike_the_others_are_named():
    parts = [synthetic_part(seed) for seed in range(8)]
    assert remarks(parts, (1.0, 0.9, 1.1, 1.0, 0.8, 1.1, 1, 1), range(8)) == []
    (twice,) = remarks([*parts, parts[0].copy()], (1,) * 9, (0, 1, 2, 3, 4, 5, 6, 7, 0))
    assert twice == "8.png is the same picture as 0.png: it counts once"
    (unlike,) = remarks(parts, (1.0, 0.9, 1.1, 2.0, 0.8, 1.1, 1, 1), range(8))
    assert unlike.startswith("3.png is unlike the others (score 2.00, the next one has 1.10)")
    assert remarks(parts[:3], (1.0, 0.9, 3.0), range(3)) == []
