"""A model that says normal of everything passes no part whose score is above the threshold."""

import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from echo_agent.context import Context
from echo_agent.inspector import Inspector
from echo_agent.memory.memory import Memory
from tests.conftest import synthetic_part
from tests.photographs import another_part
from tests.scripted_mllm import fake_decider


def dented(part):
    dent = part.copy()
    ImageDraw.Draw(dent).ellipse((88, 36, 104, 52), fill=(120, 122, 126))
    return dent


def scraped(part):
    scrape = part.copy()
    ImageDraw.Draw(scrape).line((74, 34, 112, 60), fill=(226, 228, 232), width=2)
    return scrape


PHOTOGRAPHS = {
    "dent": dented,
    "scrape": scraped,
    "scratch": lambda _: synthetic_part(71, defect=True),
    "foreign": lambda _: another_part(72),
    "blurred": lambda part: part.filter(ImageFilter.GaussianBlur(4)),
    "dark": lambda part: ImageEnhance.Brightness(part).enhance(0.15),
    "flat": lambda part: Image.new("RGB", part.size, (128, 128, 128)),
}


@pytest.mark.parametrize("references", [2, 4, 9, 16])
def test_it_passes_no_part_that_stands_out(tmp_path, references):
    memory = Memory.open(tmp_path, create=True)
    memory.register("plate", [synthetic_part(seed) for seed in range(references)])
    inspector = Inspector(memory, decider=fake_decider(0.02), context=Context(min_confidence=0.5))
    for name, change in PHOTOGRAPHS.items():
        for seed in (70, 73):
            image = memory.store_image(change(synthetic_part(seed)))
            first = memory.evidence(image, "plate")
            verdict = inspector.inspect(image, product="plate")
            if first.score > first.threshold:
                assert verdict.label != "normal", (name, references, first.score, first.threshold)
    scores = memory.evidence(memory.store_image(synthetic_part(71, defect=True)), "plate")
    assert scores.score > scores.threshold
