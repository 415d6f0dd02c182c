"""Comparing an image with a product's references: the Reference Extractor's evidence."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from echo_agent.errors import StoreError
from echo_agent.files import replacing
from echo_agent.memory import calibration
from echo_agent.memory.damage import DamagedMemoryError
from echo_agent.memory.index import Neighbour
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.version_files import UNREADABLE
from echo_agent.state import ImageRef, ProductMatch, Reference, ReferenceEvidence
from echo_agent.strictness import Strictness
from echo_agent.vision.border import without_border
from echo_agent.vision.feature_layers import Prediction
from echo_agent.vision.features import Array
from echo_agent.vision.places import place_shares
from echo_agent.vision.regions import BORDER, find_regions

PEAK_SHARE = 0.9
"""Where a part stands out but no patch alone does, the highest place off the border is drawn, at this share of it."""

MAX_KEPT = 60000.0
"""Map values are kept as float16, which ends at 65504."""


def product_matches(
    neighbours: Sequence[Neighbour], records: Sequence[ProductRecord]
) -> tuple[ProductMatch, ...]:
    """The products of the nearest references, best first, each with its nearest one's similarity."""
    by_key = {record.key: record for record in records}
    best: dict[str, float] = {}
    for neighbour in neighbours:
        best.setdefault(neighbour.key, neighbour.similarity)
    return tuple(
        ProductMatch(
            product=by_key[key].name,
            similarity=similarity,
            resembles=similarity >= by_key[key].similarity_floor,
        )
        for key, similarity in sorted(best.items(), key=lambda item: -item[1])
    )


def nearest_references(neighbours: Sequence[Neighbour], record: ProductRecord) -> tuple[Reference, ...]:
    """The product's references among the neighbours, best first."""
    images = {image.sha256: image for image in record.references}
    return tuple(
        Reference(id=f"N{rank}", image=images[neighbour.sha256], similarity=neighbour.similarity)
        for rank, neighbour in enumerate(
            (neighbour for neighbour in neighbours if neighbour.key == record.key), start=1
        )
    )


def describe(
    prediction: Prediction,
    normals: Sequence[float],
    *,
    image: ImageRef,
    record: ProductRecord,
    escalation_level: int,
    strictness: Strictness,
) -> ReferenceEvidence:
    """Puts the score on the calibration and measures the regions.

    Args:
        prediction: Combined prediction of the image.
        normals: Scores of the references, each against the others; empty for a single reference.
        image: The image.
        record: The product.
        escalation_level: Effort of the look.
        strictness: Wanted expected rates.

    Returns:
        The evidence, without references and matches.
    """
    max_false_reject = strictness.max_false_reject
    limit = calibration.threshold(normals, max_false_reject)
    size = image.width, image.height
    stands_out = limit is not None and prediction.score > limit
    regions = find_regions(prediction.anomaly_map, size=size, stands_out=stands_out)
    if not regions and stands_out:
        inside = without_border(prediction.anomaly_map, BORDER)
        faint = PEAK_SHARE * float(inside.max())
        regions = find_regions(inside, faint, size=size, stands_out=True)[:1] if faint > 0 else ()
    return ReferenceEvidence(
        product=record.name,
        product_given=False,
        matches=(),
        memory_version=record.version,
        encoder=record.encoder,
        escalation_level=escalation_level,
        score=prediction.score,
        threshold=limit,
        p_value=calibration.conformal_p_value(prediction.score, normals) if normals else None,
        tail_p_value=calibration.tail_p_value(prediction.score, normals),
        guarantee=calibration.guarantee(max(1, len(normals)), max_false_reject, len(record.references)),
        strictness=strictness,
        regions=regions,
        places=place_shares(prediction.anomaly_map),
        map_id=f"{image.sha256[:24]}-{record.key}-e{escalation_level}",
    )


def save_map(folder: Path, map_id: str, anomaly_map: Array) -> None:
    """Keeps a calibrated map, on its own grid, under its name, in one step."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / f"{map_id}.npy") as stream:
            np.save(stream, np.minimum(anomaly_map, MAX_KEPT).astype(np.float16))
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written ({error.strerror}): choose another folder by --memory"
        ) from error


def read_map(folder: Path, map_id: str) -> Array:
    """Reads a map that ``save_map`` kept, on its own grid.

    Raises:
        StoreError: There is no map of that name, or it is damaged.
    """
    if "/" in map_id or "\\" in map_id or map_id.startswith("."):
        raise StoreError(f"{map_id!r} is no name of an anomaly map: take map_id from a verdict")
    try:
        return np.asarray(np.load(io.BytesIO((folder / f"{map_id}.npy").read_bytes())), dtype=np.float32)
    except FileNotFoundError as error:
        raise StoreError(f"there is no anomaly map {map_id} in {folder}: inspect the image again") from error
    except UNREADABLE as error:
        raise DamagedMemoryError(
            folder.parent, f"the anomaly map {map_id} in {folder} cannot be read ({error})"
        ) from error
