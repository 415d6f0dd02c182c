"""Calibrating a language model on a product's references alone, each judged as if it were an inspected part."""

import datetime
import logging
import threading

import numpy as np
from cachetools import LRUCache

from echo_agent.decision.escalation import escalation_level_of
from echo_agent.errors import ModelError
from echo_agent.memory.memory import Memory
from echo_agent.mllm.case import Case
from echo_agent.mllm.confidence import logit
from echo_agent.mllm.decider import DecisionMaker
from echo_agent.mllm.normal_log_odds import NormalLogOdds, references_digest, save_normals, stored_normals
from echo_agent.state import ImageRef, Progress, State

CONFIDENCE_FOLDER = "confidence"
"""Folder below the memory in which fitted calibrations of models are kept."""

MAX_REFERENCES = 32
"""References that a model is asked of: their rank promises a rate of 1 in 33, and a model's time is dear."""

_FITTING = threading.Lock()
_NOT_WRITTEN: LRUCache[tuple[str, ...], NormalLogOdds] = LRUCache(maxsize=64)
"""What models made of the products of memories that cannot be written."""

_TOLD: set[tuple[str, ...]] = set()
"""Whose calibration was told of in this process."""

_log = logging.getLogger(__name__)


def normals_of(memory: Memory, decider: DecisionMaker, product: str) -> NormalLogOdds | None:
    """Returns what a model makes of a product's references: as stored, else it is asked of them now, once.

    Args:
        memory: The memory that holds the product; what the model says is kept below its folder.
        decider: The model.
        product: Name of the product.

    Returns:
        None where the references show fewer than two parts, which allow no such calibration.

    Raises:
        ModelError: The model fails.
    """
    folder, by = memory.folder / CONFIDENCE_FOLDER, decider.decided_by()
    references = _counted_references(memory, product)
    digest = references_digest([image.sha256 for image in references])
    key = (str(folder), product, by.model, by.revision, digest)
    with _FITTING:
        known = stored_normals(folder, product, by.model, by.revision, digest) or _NOT_WRITTEN.get(key)
        if known is not None or len(memory.normal_scores(product)) < 2:
            return known
        if key not in _TOLD:  # a further try after a fault says no more
            _log.warning(
                "%s is asked of the references of %s first, once, to calibrate it", by.model, product
            )
            _TOLD.add(key)
        normals = asked_of_references(memory, decider, product)
        try:
            save_normals(folder, normals)
        except OSError as error:
            _log.warning("what %s says of them cannot be kept: %s", by.model, error)
            _NOT_WRITTEN[key] = normals
        return normals


def calibrate_on_normals(
    memory: Memory, decider: DecisionMaker, product: str, *, progress: Progress | None = None
) -> NormalLogOdds:
    """Asks a model of a product's references and stores what it says; see ``asked_of_references``."""
    normals = asked_of_references(memory, decider, product, progress=progress)
    save_normals(memory.folder / CONFIDENCE_FOLDER, normals)
    return normals


def asked_of_references(
    memory: Memory, decider: DecisionMaker, product: str, *, progress: Progress | None = None
) -> NormalLogOdds:
    """Asks a model of each reference, beside those that are nearest to it among the others.

    Near-duplicates show one part: the highest of their log-odds counts, as the highest of their scores does. Of more
    than ``MAX_REFERENCES`` parts as many are drawn evenly.

    Args:
        memory: The memory that holds the product.
        decider: The model.
        product: Name of the product.
        progress: Told how many of how many are done.

    Raises:
        ModelError: The model fails, or the references show fewer than two parts.
        ProductError: The product is unknown.
    """
    references = memory.product(product).references
    groups, scores = memory.reference_groups(product), memory.normal_scores(product)
    if len(scores) < 2:
        raise ModelError(
            f"the references of {product} show fewer than two parts: register more, or give labelled photographs"
        )
    level = escalation_level_of(State())
    drawn = set(
        np.linspace(0, len(scores) - 1, min(len(scores), MAX_REFERENCES)).round().astype(int).tolist()
    )
    asked = [(image, group) for image, group in zip(references, groups, strict=True) if group in drawn]
    log_odds: dict[int, float] = {}
    for done, (image, group) in enumerate(asked, start=1):
        beside = _nearest_others(memory, product, image, level.references)
        shown = memory.counted(image, product)
        decision = decider.decide(Case(image=shown, references=beside, orders=level.orders))
        log_odds[group] = max(float(logit(decision.defective)), log_odds.get(group, -float("inf")))
        if progress is not None:
            progress(done, len(asked))
    by = decider.decided_by()
    return NormalLogOdds(
        product=product,
        model=by.model,
        revision=by.revision,
        references=references_digest([image.sha256 for image in _counted_references(memory, product)]),
        log_odds=tuple(log_odds[group] for group in sorted(drawn)),
        scores=tuple(scores[group] for group in sorted(drawn)),
        fitted=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def _counted_references(memory: Memory, product: str) -> list[ImageRef]:
    """The references as a model is shown them."""
    return [memory.counted(image, product) for image in memory.product(product).references]


def _nearest_others(memory: Memory, product: str, image: ImageRef, count: int) -> tuple[ImageRef, ...]:
    near = memory.evidence(image, product, shots=count + 1).references
    others = [one.image for one in near if one.image.sha256 != image.sha256]
    return tuple(memory.counted(other, product) for other in others[:count])
