"""A lot that judges itself: each part is scored by the other parts, on the scale of the references' scores by them."""

import random
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from echo_agent.context import Encoders
from echo_agent.memory.calibration import conformal_p_value
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.seen_images import SeenImages
from echo_agent.memory.working_resolutions import FIRST, SECOND, Level, WorkingResolution
from echo_agent.state import ImageRef, LotEvidence
from echo_agent.state.notation import percent
from echo_agent.vision.comparison import PatchBank
from echo_agent.vision.features import Features
from echo_agent.vision.mutual import judging, mutual_score

FEWEST_PARTS = 8
"""Parts from which on a lot can judge itself: of fewer, one like part would make a defect normal. Photographs that
repeat each other are one part, as are known views of one: however often a defect is photographed, one part has it."""

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

    seen: SeenImages

    def has_second(self, record: ProductRecord, encoders: Encoders, /) -> bool:
        """Whether a product has a second encoder; where it is asked for it must have one."""

    def reference_groups(self, record: ProductRecord, /) -> Sequence[int]:
        """For each reference the part that it shows; empty where all show one."""

    def features(self, image: ImageRef, record: ProductRecord, at: WorkingResolution, /) -> Features:
        """The features of an image as a look sees it."""

    def stands_out(self, image: ImageRef, record: ProductRecord, working: Level, /) -> bool:
        """Whether an image scores higher than all references."""


def judge_lot(
    images: Sequence[ImageRef],
    record: ProductRecord,
    encoders: Encoders,
    scorer: Looks,
    shown: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, LotEvidence]:
    """Scores the parts of a lot by each other.

    Args:
        images: Photographs of its parts, all of one product.
        record: The product.
        encoders: Which of its encoders take part.
        scorer: Looks at an image.
        shown: The part that a photograph is a view of, by its digest, where that is known.

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
    declined = _too_few(f"{len(parts)}", len(parts), len(references))
    if declined:
        return dict.fromkeys(parts, LotEvidence(parts=len(parts), declined=declined))
    judged = [*parts.values(), *references[:PANEL]]
    embeddings, outside = [], set()
    for image in judged:
        embeddings.append(scorer.features(image, record, FIRST[0]).embedding)
        if image.sha256 in parts and scorer.stands_out(image, record, looks):
            outside.add(image.sha256)
    part_of = _part_of(judged, scorer.seen.repeated(judged, record, np.stack(embeddings)), shown)
    photographs: dict[int, list[str]] = {}
    for digest in parts:
        photographs.setdefault(part_of[digest], []).append(digest)
    count = len(photographs)
    stand_out = len({part_of[digest] for digest in outside}) / count
    declined = _too_few(f"{len(parts)} photographs of {count}", count, len(references))
    if not declined and stand_out >= MOST_STANDING_OUT:
        declined = f"{percent(stand_out)} of its parts stand out, so what many of them have may be a defect"
    if declined:
        return dict.fromkeys(parts, LotEvidence(parts=count, declined=declined, stand_out=stand_out))
    panel_parts = random.Random(0).sample(sorted(map(min, photographs.values())), min(PANEL, count))
    logs = np.zeros(len(judged))
    for at in looks:
        panel = {digest: judging(scorer.features(parts[digest], record, at)) for digest in panel_parts}
        logs += [
            np.log(_score(scorer.features(image, record, at), image, panel, part_of)) for image in judged
        ]
    scores = np.exp(logs / len(looks))
    of_parts, of_references = np.split(scores / np.median(scores[len(parts) :]), [len(parts)])
    scored = dict(zip(parts, map(float, of_parts), strict=True))
    normals = tuple(map(float, of_references))
    worst = [max(scored[digest] for digest in digests) for digests in photographs.values()]
    return {
        digest: LotEvidence(
            parts=count,
            score=score,
            p_value=conformal_p_value(score, normals),
            highest_reference=max(normals),
            median=float(np.median(worst)),
            stand_out=stand_out,
        )
        for digest, score in scored.items()
    }


def _too_few(many: str, parts: int, references: int) -> str:
    """Why so many parts or references are too few for a lot, a clause; empty where they are not."""
    if parts < FEWEST_PARTS:
        return f"a lot of {many} is too small to judge itself, it takes {FEWEST_PARTS}"
    if references < FEWEST_REFERENCES:
        return f"it takes references of {FEWEST_REFERENCES} parts to tell how good parts score in a lot"
    return ""


def _part_of(images: Sequence[ImageRef], repeated: Sequence[int], shown: Mapping[str, str]) -> dict[str, int]:
    """The part that each image shows, by its digest: repeats of each other, and known views of one, are one part."""
    groups = dict(zip((image.sha256 for image in images), repeated, strict=True))
    numbers = {name: number for number, name in enumerate(shown.values(), max(repeated) + 1)}
    size = max(numbers.values(), default=max(repeated)) + 1
    links = ([groups[digest] for digest in shown], [numbers[name] for name in shown.values()])
    _, joined = connected_components(coo_array((np.ones(len(shown)), links), shape=(size, size)))
    return {digest: int(joined[group]) for digest, group in groups.items()}


def _one_a_part(
    references: Sequence[ImageRef], groups: Sequence[int], parts: Collection[str]
) -> list[ImageRef]:
    """A reference of each part that the references show; of none that is in the lot itself."""
    inside = {group for image, group in zip(references, groups, strict=False) if image.sha256 in parts}
    first: dict[int, ImageRef] = {}
    for image, group in zip(references, groups, strict=False):
        first.setdefault(group, image)
    return [image for group, image in first.items() if group not in inside]


def _score(features: Features, image: ImageRef, panel: Panel, part_of: Mapping[str, int]) -> float:
    """The score by the parts of the panel that are others than that of the image."""
    own = part_of[image.sha256]
    return mutual_score(features, [banks for other, banks in panel.items() if part_of[other] != own])
