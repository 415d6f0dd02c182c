"""A lot that judges itself: each part is scored by the other parts, on the scale of the references' scores by them."""

import random
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import numpy as np

from echo_agent.context import Encoders
from echo_agent.memory.calibration import conformal_p_value
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.working_resolutions import FIRST, SECOND, Level, WorkingResolution
from echo_agent.state import ImageRef, LotEvidence
from echo_agent.state.notation import percent
from echo_agent.vision.comparison import PatchBank
from echo_agent.vision.features import Features
from echo_agent.vision.mutual import judging, mutual_score

FEWEST_PARTS = 8
"""Parts from which on a lot can judge itself: of fewer, one like part would make a defect normal."""

FEWEST_REFERENCES = 3
"""Parts that the references show from which on their scores tell how good parts score in the lot."""

MOST_STANDING_OUT = 0.5
"""Where at least so many of a lot's parts stand out among the references, what many of them have may be the defect."""

PANEL = 32
"""Each part is held against so many other parts at most: time grows with the lot as inspecting does, memory not."""

Panel = Mapping[str, Sequence[PatchBank]]
"""Patches of the parts that judge, a bank a layer, by their digests."""


class Looks(Protocol):
    """Looks at images beside the references of a product; see ``Scorer``."""

    def has_second(self, record: ProductRecord, encoders: Encoders, /) -> bool:
        """Whether a product has a second encoder; where it is asked for it must have one."""

    def reference_groups(self, record: ProductRecord, /) -> Sequence[int]:
        """For each reference the part that it shows; empty where all show one."""

    def features(self, image: ImageRef, record: ProductRecord, at: WorkingResolution, /) -> Features:
        """The features of an image as a look sees it."""

    def stands_out(self, image: ImageRef, record: ProductRecord, working: Level, /) -> bool:
        """Whether an image scores higher than all references."""


def judge_lot(
    images: Sequence[ImageRef], record: ProductRecord, encoders: Encoders, scorer: Looks
) -> dict[str, LotEvidence]:
    """Scores the parts of a lot by each other.

    Args:
        images: Photographs of its parts, all of one product.
        record: The product.
        encoders: Which of its encoders take part.
        scorer: Looks at an image.

    Returns:
        What the lot says of each part, by the digest of its photograph.

    Raises:
        EncoderError: The second encoder is asked for, and the product has none or it is not installed.
    """
    looks = {"first": FIRST[:1], "second": SECOND}.get(encoders, FIRST[:1] + SECOND)
    has_second = scorer.has_second(record, encoders)
    looks = tuple(at for at in looks if has_second or not at.second)
    parts = {image.sha256: image for image in images}
    references = _one_a_part(record.references, scorer.reference_groups(record), parts)
    declined = ""
    if len(parts) < FEWEST_PARTS:
        declined = f"a lot of {len(parts)} is too small to judge itself, it takes {FEWEST_PARTS}"
    elif len(references) < FEWEST_REFERENCES:
        declined = f"it takes references of {FEWEST_REFERENCES} parts to tell how good parts score in a lot"
    if declined:
        return dict.fromkeys(parts, LotEvidence(parts=len(parts), declined=declined))
    stand_out = float(np.mean([scorer.stands_out(image, record, looks) for image in parts.values()]))
    if stand_out >= MOST_STANDING_OUT:
        declined = f"{percent(stand_out)} of its parts stand out, so what many of them have may be a defect"
        found = LotEvidence(parts=len(parts), declined=declined, stand_out=stand_out)
        return dict.fromkeys(parts, found)
    panel_parts = random.Random(0).sample(sorted(parts), min(PANEL, len(parts)))
    judged = [*parts.values(), *references[:PANEL]]
    logs = np.zeros(len(judged))
    for at in looks:
        panel = {digest: judging(scorer.features(parts[digest], record, at)) for digest in panel_parts}
        logs += [np.log(_score(scorer.features(image, record, at), image.sha256, panel)) for image in judged]
    scores = np.exp(logs / len(looks))
    of_parts, of_references = np.split(scores / np.median(scores[len(parts) :]), [len(parts)])
    normals, median = tuple(map(float, of_references)), float(np.median(of_parts))
    return {
        digest: LotEvidence(
            parts=len(parts),
            score=float(score),
            p_value=conformal_p_value(float(score), normals),
            highest_reference=max(normals),
            median=median,
            stand_out=stand_out,
        )
        for digest, score in zip(parts, of_parts, strict=True)
    }


def _one_a_part(
    references: Sequence[ImageRef], groups: Sequence[int], parts: Collection[str]
) -> list[ImageRef]:
    """A reference of each part that the references show; of none that is in the lot itself."""
    inside = {group for image, group in zip(references, groups, strict=False) if image.sha256 in parts}
    first: dict[int, ImageRef] = {}
    for image, group in zip(references, groups, strict=False):
        first.setdefault(group, image)
    return [image for group, image in first.items() if group not in inside]


def _score(features: Features, digest: str, panel: Panel) -> float:
    return mutual_score(features, [banks for other, banks in panel.items() if other != digest])
