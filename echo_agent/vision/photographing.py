"""How photographs differ from a product's references as photographs: light, sharpness, turn, distance and place."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from echo_agent.state.notation import percent
from echo_agent.vision.alignment import align, normalised
from echo_agent.vision.features import Array, FeatureEncoder, Features
from echo_agent.vision.grain import PixelDetail
from echo_agent.vision.quality import MAX_SIDE, measure, working_image

MAX_COMPARED = 8
"""Photographs of each side that are compared, spread over all that are given."""

NOTICEABLE = 1.0
"""From this strength on a difference counts: the smallest of its kind that moves scores, or three spreads of the
references, whichever is more."""

SPREADS = 3.0
TURNS = (90, 180, 270)
TURN_GAIN = 0.05
"""Rise of the cosine to the nearest reference by which a quarter turn is noticed."""

STEPS = {"brightness": 0.2, "colour": 0.06, "sharpness": 0.35, "turn": 4.0, "scale": 0.06, "shift": 0.05}
"""Differences that are noticed: log2 of the grey level, log of red or blue over green, log2 of the detail, degrees,
share of the size, share of the side."""


@dataclass(frozen=True)
class Difference:
    """What is otherwise about photographs than about the references.

    Attributes:
        what: In words, with both figures, such as ``darker: mean grey level 80, the references have 140``.
        strength: In multiples of what is noticed.
    """

    what: str
    strength: float


def differences(
    photographs: Sequence[Image.Image], references: Sequence[Image.Image], encoder: FeatureEncoder
) -> tuple[Difference, ...]:
    """Finds what is otherwise about photographs than about the references, the strongest first.

    Args:
        photographs: RGB photographs that stand out.
        references: RGB photographs of the product's good parts.
        encoder: Encoder for turn, distance and place.

    Returns:
        The differences that are noticed, as medians over the photographs; empty where there is none.
    """
    some, others = _spread_out(photographs), _spread_out(references)
    if not some or not others:
        return ()
    found = [*_of_light(some, others), *_of_place(some, others, encoder)]
    noticed = [difference for difference in found if difference.strength >= NOTICEABLE]
    return tuple(sorted(noticed, key=lambda difference: -difference.strength))


def _spread_out(images: Sequence[Image.Image]) -> list[Image.Image]:
    indices = np.linspace(0, len(images) - 1, min(MAX_COMPARED, len(images))).round().astype(int)
    return [images[int(index)] for index in dict.fromkeys(indices.tolist())]


def _of_light(some: Sequence[Image.Image], others: Sequence[Image.Image]) -> list[Difference]:
    here, there = _looks(some), _looks(others)
    grey = 2 ** np.median(here["brightness"]), 2 ** np.median(there["brightness"])
    figures = f"mean grey level {grey[0] - 1:.0f}, the references have {grey[1] - 1:.0f}"
    detail = 2 ** np.median(here["sharpness"]), 2 ** np.median(there["sharpness"])
    blur = f"fine to coarse detail {detail[0]:.2f}, the references have {detail[1]:.2f}"
    return [
        _compared("brightness", here, there, f"brighter: {figures}", f"darker: {figures}"),
        _compared("sharpness", here, there, f"sharper: {blur}", f"blurred: {blur}"),
        _compared("red", here, there, "in other light: more red", "in other light: less red"),
        _compared("blue", here, there, "in other light: more blue", "in other light: less blue"),
    ]


def _looks(images: Sequence[Image.Image]) -> dict[str, NDArray[np.float64]]:
    rows = []
    for image in images:
        work = working_image(image, MAX_SIDE)
        values = measure(image, work, PixelDetail.of(image))
        red, green, blue = (np.asarray(work, dtype=np.float64).reshape(-1, 3).mean(axis=0) + 1.0).tolist()
        rows.append(
            (
                values["brightness"],
                values["sharpness"],
                float(np.log(red / green)),
                float(np.log(blue / green)),
            )
        )
    columns = np.array(rows, dtype=np.float64).T
    return dict(zip(("brightness", "sharpness", "red", "blue"), columns, strict=True))


def _compared(
    name: str,
    here: dict[str, NDArray[np.float64]],
    there: dict[str, NDArray[np.float64]],
    rises: str,
    falls: str,
) -> Difference:
    moved = float(np.median(here[name]) - np.median(there[name]))
    spread = SPREADS * float(np.std(there[name]))
    step = max(STEPS.get(name, STEPS["colour"]), spread)
    return Difference(rises if moved > 0 else falls, abs(moved) / step)


def _of_place(
    some: Sequence[Image.Image], others: Sequence[Image.Image], encoder: FeatureEncoder
) -> list[Difference]:
    references = [encoder.encode([image])[0] for image in others]
    embeddings = np.stack([features.embedding for features in references])
    found = [_turned_by_quarters(some, embeddings, encoder)]
    common = np.mean([features.patches.mean(axis=(0, 1)) for features in references], axis=0)
    moves = []
    for image in some:
        features = encoder.encode([image])[0]
        nearest = int(np.argmax(embeddings @ features.embedding))
        move = _moved(features, image.size, references[nearest], others[nearest].size, common)
        if move is not None:
            moves.append(move)
    if 2 * len(moves) >= len(some):
        degrees, scale, shift = np.median(np.array(moves), axis=0).tolist()
        found += [
            Difference(f"turned: by about {abs(degrees):.0f} degrees", abs(degrees) / STEPS["turn"]),
            Difference(
                f"{'nearer' if scale > 1 else 'farther away'}: the part is {percent(abs(scale - 1))} "
                f"{'larger' if scale > 1 else 'smaller'} than on the references",
                abs(scale - 1) / STEPS["scale"],
            ),
            Difference(f"shifted: by about {percent(shift)} of the side", shift / STEPS["shift"]),
        ]
    return found


def _turned_by_quarters(
    some: Sequence[Image.Image], embeddings: Array, encoder: FeatureEncoder
) -> Difference:
    """Whether the photographs resemble the references more when they are turned."""

    def likeness(degrees: int) -> float:
        turned = [image.rotate(degrees, expand=True) for image in some]
        return float(
            np.median([(embeddings @ encoder.encode([image])[0].embedding).max() for image in turned])
        )

    gains = {degrees: likeness(degrees) - likeness(0) for degrees in TURNS}
    best = max(gains, key=gains.__getitem__)
    return Difference(f"turned: by about {best} degrees", max(0.0, gains[best]) / TURN_GAIN)


def _moved(
    features: Features, size: tuple[int, int], reference: Features, other: tuple[int, int], common: Array
) -> tuple[float, float, float] | None:
    """Degrees, scale and shift (share of the side) of a photograph beside a reference; None without alignment."""
    found = align(
        normalised(reference.patches - common), normalised(features.patches - common), (other, size)
    )
    if found is None:
        return None
    turn = found.transform.turn
    centre = 0.5 * complex(*other) / np.sqrt(other[0] * other[1])
    here = 0.5 * complex(*size) / np.sqrt(size[0] * size[1])
    shift = abs(complex(found.transform(np.array([centre]))[0]) - here)
    return float(np.degrees(np.angle(turn))), float(abs(turn)), float(shift)
