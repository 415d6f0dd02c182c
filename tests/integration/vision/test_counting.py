"""Discs are counted on drawn plates, by the real encoder, while the camera moves."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from echo_agent.vision.efficientnet import embedded_encoder
from echo_agent.vision.place_descriptors import Photograph
from echo_agent.vision.place_fitting import fit_places, scale_for

CENTRES = ((90, 80), (230, 80), (90, 210), (230, 210))
RADIUS = 22
SIZE = (320, 290)
BOXES = tuple(
    ((x - 30) / SIZE[0], (y - 30) / SIZE[1], (x + 30) / SIZE[0], (y + 30) / SIZE[1]) for x, y in CENTRES
)


def plate(seed, missing=(), shift=None):
    generator = np.random.default_rng(seed)
    ground = np.kron(np.random.default_rng(0).normal(150, 14, (29, 32)), np.ones((10, 10)))
    noisy = np.clip(ground + generator.normal(0, 4, ground.shape), 0, 255).astype(np.uint8)
    picture = Image.fromarray(noisy).convert("RGB")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((30, 25, 290, 265), outline=(60, 70, 80), width=6)
    draw.line((160, 40, 160, 250), fill=(90, 60, 50), width=4)
    for index, (x, y) in enumerate(CENTRES):
        if index not in missing:
            draw.ellipse(
                (x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS), fill=(205, 180, 60), outline=(40, 30, 10)
            )
            draw.line((x - 12, y - 12, x + 12, y + 12), fill=(40, 30, 10), width=5)
    moved = (0, 0) if shift is None else shift
    return picture.rotate(0, translate=moved, fillcolor=(150, 150, 150))


@pytest.fixture(scope="module")
def photograph():
    encoder = embedded_encoder("cpu")
    (first,) = encoder.encode([plate(0)])
    scale = scale_for(BOXES, first.patches)

    def take(picture):
        (features,) = encoder.encode([picture], scale=scale)
        return Photograph(features.patches, features.embedding, picture.size)

    return take


@pytest.fixture(scope="module")
def places(photograph):
    shifts = np.random.default_rng(3).integers(-9, 10, (7, 2))
    references = [
        plate(0),
        *(plate(seed, shift=tuple(map(int, shift))) for seed, shift in enumerate(shifts, 1)),
    ]
    return fit_places([photograph(picture) for picture in references], BOXES)


@pytest.mark.parametrize("missing", [(), (0,), (3,), (1, 2), (0, 1, 2, 3)])
def test_what_is_missing_is_named_while_the_camera_moves(places, photograph, missing):
    found = places.find(photograph(plate(40 + len(missing), missing, shift=(7, -6))))
    assert {index for index, place in enumerate(found) if place.presence == "missing"} == set(missing)
    assert sum(place.presence == "undetermined" for place in found) <= 1


def test_a_photograph_of_something_else_is_not_counted(places, photograph):
    noise = np.random.default_rng(5).integers(0, 255, (29, 32, 3), dtype=np.uint8)
    other = Image.fromarray(noise).resize(SIZE, Image.Resampling.NEAREST)
    assert {place.presence for place in places.find(photograph(other))} == {"undetermined"}
