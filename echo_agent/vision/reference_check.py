"""What of a product's photographs is no good reference: empty pictures, the same one twice, one unlike the others."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

import numpy as np
from PIL import Image, ImageFilter

SIDE = 256
NEARLY_BLACK = 30.0
BLANK = 4.0
FEATURELESS, FINE_DETAIL = 25.0, 0.8
"""Grey levels: the 99th percentile, the range from the 1st to the 99th, that range beside the spread of fine detail.
Photographs of good parts of eleven products have 89, 35 and 3.3 at least."""

UNLIKE = 1.2
"""One whose score exceeds the next one so many times is unlike the others. Among 12 good ones of four products it is up
to 1.10, where a defective part or one of another product is among them 1.12 to 2.2."""

FEWEST = 8
"""Photographs of different parts from which on one can be unlike the others."""


def reference_remarks(
    photographs: Sequence[Image.Image],
    names: Mapping[int, str],
    scores: Sequence[float],
    groups: Sequence[int],
) -> Iterator[str]:
    """Names what of a product's photographs should not be among its references.

    Args:
        photographs: RGB photographs of all references.
        names: What those are called that are looked at, by their number; the others were looked at before.
        scores: Score of each against those of other parts, at least 0; empty for a single part.
        groups: Group of each: those of one group show the same part.

    Yields:
        A sentence for each, without its full stop.
    """
    first: dict[bytes, str] = {}
    for number, name in names.items():
        photograph = photographs[number]
        empty = what_is_missing(photograph)
        if empty is not None:
            yield f"{name} is {empty}: take it away, or take the photograph again"
        same = first.setdefault(sha256(photograph.tobytes()).digest(), name)
        if same != name:
            yield f"{name} is the same picture as {same}: it counts once"
    if len(set(groups)) >= FEWEST:
        *_, next_one, farthest = np.argsort(scores)
        if scores[farthest] > UNLIKE * scores[next_one] and int(farthest) in names:
            yield (
                f"{names[int(farthest)]} is unlike the others (score {scores[farthest]:.2f}, the next one has "
                f"{scores[next_one]:.2f}): where it shows no good part, register without it by --replace"
            )


def what_is_missing(photograph: Image.Image) -> str | None:
    """Tells that a photograph is nearly black, blank or featureless; None where it is none of these."""
    grey = photograph.convert("L")
    grey.thumbnail((SIDE, SIDE))
    values = np.asarray(grey, dtype=np.float32)
    low, high = np.percentile(values, [1, 99])
    if high < NEARLY_BLACK:
        return "nearly black"
    if high - low < BLANK:
        return "blank"
    detail = values - np.asarray(grey.filter(ImageFilter.GaussianBlur(2)), dtype=np.float32)
    return "featureless" if high - low < FEATURELESS and detail.std() < FINE_DETAIL else None
