"""Fitting a language model's confidence on labelled photographs, by inspecting them."""

from collections.abc import Sequence

from echo_agent.context import Context
from echo_agent.decision.normals_calibration import CONFIDENCE_FOLDER
from echo_agent.errors import ModelError
from echo_agent.evaluation.category import LabelledImage
from echo_agent.inspector import Inspector
from echo_agent.memory.memory import Memory
from echo_agent.mllm.case import Path as DecisionPath
from echo_agent.mllm.confidence import Calibration, Method, fit, save
from echo_agent.mllm.decider import DecisionMaker
from echo_agent.mllm.normal_log_odds import forget_normals
from echo_agent.state import Progress

UNKNOWN = 0.5
"""P(defective) of evidence that says nothing; it adds nothing to a calibrated decision."""


def calibrate_mllm(
    memory: Memory,
    decider: DecisionMaker,
    product: str,
    images: Sequence[LabelledImage],
    *,
    path: DecisionPath,
    method: Method = "platt",
    context: Context | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Fits and stores the calibration of a model on one path.

    Each image is inspected, with one attempt: what the model is shown and what its word is joined with are those of
    an inspection. Of images that repeat each other the first alone is inspected: they show one part.

    What the model made of the references alone is dropped: this fit takes its place.

    The images must be none of the product's references: these look normal to every expert.

    Args:
        memory: The memory that holds the product; the calibration is stored below its folder.
        decider: The model.
        product: Name of the product.
        images: Labelled photographs, of five parts of each kind at least.
        path: ``fast``, or ``reasoned`` with a trace.
        method: ``platt`` or ``temperature``.
        context: Settings of the run; profile and attempts are set here.
        progress: Told how many of how many are done.

    Raises:
        ModelError: The model fails, or there are too few images.
        ImageError: An image cannot be read.
    """
    by = decider.decided_by()
    forget_normals(memory.folder / CONFIDENCE_FOLDER, product, by.model)
    profile = "always" if path == "reasoned" else "never"
    run = (context or Context()).model_copy(
        update={"profile": profile, "max_attempts": 1, "calibrate_on_references": False}
    )
    inspector = Inspector(memory, decider=decider, context=run)
    own, measured = [], []
    images = _one_a_part(memory, product, images)
    for done, image in enumerate(images, start=1):
        (attempt,) = inspector.inspect(image.path, product=product, record=False).attempts
        if attempt.error is not None:
            raise ModelError(f"{image.path} cannot be used to calibrate: {attempt.error}")
        own.append(attempt.probabilities["defective"])
        measured.append(UNKNOWN if attempt.measured_defective is None else attempt.measured_defective)
        if progress is not None:
            progress(done, len(images))
    labels = [image.defective for image in images]
    calibration = fit(by.model, by.revision, path, own, labels, evidence=measured, method=method)
    save(memory.folder / CONFIDENCE_FOLDER, calibration)
    return calibration


def _one_a_part(memory: Memory, product: str, images: Sequence[LabelledImage]) -> list[LabelledImage]:
    """The first photograph of each part, good and defective ones on their own."""
    found: dict[tuple[bool, int], LabelledImage] = {}
    for kind in (False, True):
        of_kind = [image for image in images if image.defective == kind]
        parts = memory.parts(product, [memory.store_image(image.path, product) for image in of_kind])
        for part, image in zip(parts, of_kind, strict=True):
            found.setdefault((kind, part), image)
    kept = set(found.values())
    return [image for image in images if image in kept]
