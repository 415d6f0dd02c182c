"""Whether a model can be used here: it loads, it tells good from bad, and what that costs."""

import hashlib
import time
from pathlib import Path
from statistics import fmean

from echo_agent.errors import NoAnswerError
from echo_agent.evaluation.category import Category
from echo_agent.evaluation.metrics import tied
from echo_agent.images.decoding import load_image
from echo_agent.mllm.case import Case
from echo_agent.mllm.confidence import expected_calibration_error
from echo_agent.mllm.decider import DecisionMaker
from echo_agent.mllm.device_memory import meter_of
from echo_agent.state import DecidedBy, ImageRef, Progress, Value


class ModelCheck(Value):
    """What a check found.

    Attributes:
        decided_by: The model with revision and dtype.
        images: Photographs that were judged.
        unanswered: Photographs without an answer that can be read in time; they are wrong.
        guesses: Photographs that both sides are equally likely of; each counts as half right.
        accuracy: Share judged right by the model's own word.
        balanced_accuracy: Mean of the shares of good and of defective ones that were judged right.
        ece: Expected calibration error of its own word (0 to 1).
        load_seconds: Time to load the model.
        seconds_per_image: Mean time of a decision.
        memory_gib: Peak memory while it judged (or loaded): the GPU's where the model runs on one, else that of the
            process.
        input_tokens: Mean tokens read a decision; None where the model does not say.
    """

    decided_by: DecidedBy
    images: int
    unanswered: int = 0
    guesses: int = 0
    accuracy: float | None = None
    balanced_accuracy: float | None = None
    ece: float | None = None
    load_seconds: float
    seconds_per_image: float | None = None
    memory_gib: float
    input_tokens: float | None = None


def check_model(
    decider: DecisionMaker,
    category: Category | None,
    *,
    limit: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> ModelCheck:
    """Loads a model and lets it judge a product's photographs beside one reference, with no other evidence.

    Args:
        decider: The model.
        category: Labelled photographs of a product; None only loads the model.
        limit: Photographs at most.
        device: Where the model runs, ``cpu`` or ``cuda[:N]``: there the memory is measured.
        progress: Told how many of how many are done.

    Raises:
        ModelError: The model is missing or fails, or answers nothing that can be read.
        DatasetError: There are no good or no defective photographs.
    """
    meter = meter_of(device)
    meter.begin()
    start = time.perf_counter()
    by = decider.decided_by()
    loaded = time.perf_counter() - start
    if category is None:
        return ModelCheck(decided_by=by, images=0, load_seconds=loaded, memory_gib=meter.peak() / 2**30)
    shown = category.normals[:1]
    images = category.without(shown).of_both_kinds(limit)
    references = tuple(image_ref(path) for path in shown)
    decisions, labels = [], []
    right: dict[bool, list[float]] = {True: [], False: []}
    guesses = 0
    unanswered: list[NoAnswerError] = []
    meter.begin()
    for done, image in enumerate(images, start=1):
        try:
            decision = decider.decide(Case(image=image_ref(image.path), references=references))
        except NoAnswerError as error:
            unanswered.append(error)
            right[image.defective].append(0.0)
        else:
            tie = tied({"normal": decision.normal, "defective": decision.defective})
            guesses += tie
            judged_right = (decision.defective > decision.normal) == image.defective
            right[image.defective].append(0.5 if tie else float(judged_right))
            decisions.append(decision)
            labels.append(image.defective)
        if progress is not None:
            progress(done, len(images))
    if not decisions:
        raise unanswered[0]
    tokens = [d.input_tokens for d in decisions if d.input_tokens is not None]
    return ModelCheck(
        decided_by=by,
        images=len(images),
        unanswered=len(unanswered),
        guesses=guesses,
        accuracy=fmean([*right[True], *right[False]]),
        balanced_accuracy=fmean(fmean(part) for part in right.values()),
        ece=expected_calibration_error([d.defective for d in decisions], labels),
        load_seconds=loaded,
        seconds_per_image=sum(d.seconds for d in decisions) / len(decisions),
        memory_gib=meter.peak() / 2**30,
        input_tokens=sum(tokens) / len(tokens) if tokens else None,
    )


def image_ref(path: Path) -> ImageRef:
    """Returns an image by reference, its file left where it is."""
    image = load_image(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ImageRef(uri=str(path.resolve()), sha256=digest, width=image.width, height=image.height)
