"""Fitting an MLLM's confidence on labelled photographs, through the experts of an inspection."""

from collections.abc import Callable, Sequence

from echo_agent.context import Context
from echo_agent.evaluation.labelled import LabelledImage
from echo_agent.experts.decision_maker import CONFIDENCE_FOLDER
from echo_agent.experts.measured_decision import decide_measured
from echo_agent.experts.measured_trace import measured_trace
from echo_agent.experts.mllm_case import case_of
from echo_agent.memory.memory import Memory
from echo_agent.mllm.case import Path as DecisionPath
from echo_agent.mllm.confidence import Calibration, Method, fit, save
from echo_agent.mllm.decider import Decider
from echo_agent.state import State


def calibrate_mllm(
    memory: Memory,
    decider: Decider,
    product: str,
    images: Sequence[LabelledImage],
    *,
    path: DecisionPath,
    method: Method = "platt",
    context: Context | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Fits and stores the calibration of a model on one path.

    The images must be none of the product's references: these look normal to every expert.

    Args:
        memory: The memory that holds the product; the calibration is stored below its folder.
        decider: The model.
        product: Name of the product.
        images: Labelled photographs, five of each kind at least.
        path: ``fast``, or ``reasoned`` with the trace that the evidence gives.
        method: ``platt`` or ``temperature``.
        context: Settings of the run.
        progress: Told how many of how many are done.

    Raises:
        ModelError: The model fails, or there are too few images.
        ImageError: An image cannot be read.
    """
    context = context or Context()
    own, measured = [], []
    for done, image in enumerate(images, start=1):
        ref = memory.put_aside(image.path)
        evidence = memory.evidence(
            ref, product, effort=0, shots=context.shots, max_false_reject=context.max_false_reject
        )
        trace = measured_trace(evidence, None) if path == "reasoned" else None
        state = State(image=ref, product=product, reference=evidence, trace=trace)
        own.append(decider.decide(case_of(state, context, memory)).defective)
        attempt = decide_measured(
            evidence,
            number=1,
            max_false_reject=context.max_false_reject,
            min_confidence=context.min_confidence,
            changed="calibration",
        )
        measured.append(attempt.probabilities.get("defective", 0.5))
        if progress is not None:
            progress(done, len(images))
    by = decider.decided_by()
    labels = [image.defective for image in images]
    calibration = fit(by.model, by.revision, path, own, labels, evidence=measured, method=method)
    save(memory.folder / CONFIDENCE_FOLDER, calibration)
    return calibration
