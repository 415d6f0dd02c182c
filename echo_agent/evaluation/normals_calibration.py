"""Calibrating a language model on a product's references alone, each judged as if it were an inspected part."""

import datetime

from echo_agent.decision.attempt import CONFIDENCE_FOLDER
from echo_agent.decision.escalation import escalation_level_of
from echo_agent.errors import ModelError
from echo_agent.memory.memory import Memory
from echo_agent.mllm.case import Case
from echo_agent.mllm.confidence import logit
from echo_agent.mllm.decider import DecisionMaker
from echo_agent.mllm.normal_log_odds import NormalLogOdds, references_digest, save_normals
from echo_agent.state import ImageRef, Progress, State


def calibrate_on_normals(
    memory: Memory, decider: DecisionMaker, product: str, *, progress: Progress | None = None
) -> NormalLogOdds:
    """Asks a model of each reference, beside those that are nearest to it among the others, and stores its log-odds.

    Near-duplicates show one part: the highest of their log-odds counts, as the highest of their scores does.

    Args:
        memory: The memory that holds the product; the calibration is stored below its folder.
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
    log_odds: dict[int, float] = {}
    for done, (image, group) in enumerate(zip(references, groups, strict=True), start=1):
        beside = _nearest_others(memory, product, image, level.references)
        decision = decider.decide(Case(image=image, references=beside, orders=level.orders))
        log_odds[group] = max(float(logit(decision.defective)), log_odds.get(group, -float("inf")))
        if progress is not None:
            progress(done, len(references))
    by = decider.decided_by()
    normals = NormalLogOdds(
        product=product,
        model=by.model,
        revision=by.revision,
        references=references_digest([image.sha256 for image in references]),
        log_odds=tuple(log_odds[group] for group in sorted(log_odds)),
        scores=scores,
        fitted=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    save_normals(memory.folder / CONFIDENCE_FOLDER, normals)
    return normals


def _nearest_others(memory: Memory, product: str, image: ImageRef, count: int) -> tuple[ImageRef, ...]:
    near = memory.evidence(image, product, shots=count + 1).references
    return tuple(one.image for one in near if one.image.sha256 != image.sha256)[:count]
