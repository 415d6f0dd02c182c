"""Confirmed defects of a product beside an image: which of them its most unusual place resembles."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from echo_agent.memory.answers import Feedback
from echo_agent.state import Exemplar
from echo_agent.vision.features import Array

PLACE_PATCHES = 8
"""Patches that make up the most unusual place of an image."""

MAX_COMPARED = 32
"""The newest confirmed defects of a product that an image is compared with: each is encoded once a process."""

MAX_SHOWN = 3


def unusual_place(patches: Array, anomaly_map: Array) -> Array:
    """The patches where the map is highest.

    Args:
        patches: Patch features ``(rows, columns, channels)``.
        anomaly_map: Map of the same image, on any grid.

    Returns:
        Up to ``PLACE_PATCHES`` patches ``(patches, channels)``, of unit length.
    """
    flat = patches.reshape(-1, patches.shape[-1])
    rows, columns = patches.shape[:2]
    here = Image.fromarray(anomaly_map.astype(np.float32)).resize((columns, rows), Image.Resampling.BOX)
    worst = np.argsort(np.asarray(here), axis=None)[::-1][:PLACE_PATCHES]
    return _unit(flat[worst])


def similarity(place: Array, others: Array) -> float:
    """Mean over the patches of a place of the cosine to the most similar of other patches, -1 to 1.

    Args:
        place: ``(patches, channels)``, of unit length.
        others: ``(others, channels)``.
    """
    return float(np.clip((place @ _unit(others).T).max(axis=1).mean(), -1.0, 1.0))


def nearest_exemplars(
    place: Array, references: Array, confirmed: Sequence[Feedback], place_of: Callable[[Feedback], Array]
) -> tuple[Exemplar, ...]:
    """The confirmed defects that are most similar to the most unusual place of an image, best first.

    Args:
        place: That place, see ``unusual_place``.
        references: Patches of the references ``(patches, channels)``.
        confirmed: The product's confirmed defects, newest first.
        place_of: Gives the most unusual place of a confirmed defect's photograph.

    Returns:
        ``MAX_SHOWN`` at most. One *resembles* where the place is more similar to it than to the references.
    """
    to_references = similarity(place, references)
    found = [(similarity(place, place_of(said)), said) for said in confirmed[:MAX_COMPARED]]
    found.sort(key=lambda pair: -pair[0])
    return tuple(
        Exemplar(
            id=f"X{rank}",
            image=said.image,
            similarity=alike,
            resembles=alike > to_references,
            defect_type=said.answer.defect_type,
            who=said.answer.who,
            when=said.answer.when,
        )
        for rank, (alike, said) in enumerate(found[:MAX_SHOWN], start=1)
    )


def _unit(rows: Array) -> Array:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, np.float32(1e-6)), dtype=np.float32)
