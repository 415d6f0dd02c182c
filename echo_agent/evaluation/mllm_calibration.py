"""Fitting an MLLM's confidence on labelled photographs, through the experts of an inspection."""

from collections.abc import Sequence

from langgraph.runtime import Runtime

from echo_agent.context import Context
from echo_agent.decision.case import case_of
from echo_agent.decision.measured import decide_measured
from echo_agent.evaluation.labelled import LabelledImage
from echo_agent.experts.decision_maker import CONFIDENCE_FOLDER, effect_of
from echo_agent.experts.knowledge_guide import knowledge_guide
from echo_agent.experts.reasoning_expert import trace_of
from echo_agent.experts.reference_extractor import reference_extractor
from echo_agent.experts.router import after_router, router
from echo_agent.experts.run import memory_of
from echo_agent.memory.memory import Memory
from echo_agent.mllm.case import Path as DecisionPath
from echo_agent.mllm.confidence import Calibration, Method, fit, save
from echo_agent.mllm.decider import Decider
from echo_agent.state import ImageRef, Progress, ReferenceEvidence, State


def calibrate_mllm(
    memory: Memory,
    decider: Decider,
    product: str,
    images: Sequence[LabelledImage],
    *,
    path: DecisionPath,
    method: Method = "platt",
    context: Context | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Fits and stores the calibration of a model on one path.

    Each image is shown to the model as an inspection shows it: evidence, domain knowledge and, on the reasoned path,
    the steps that the model itself writes (the measured ones where its own cannot be read).

    The images must be none of the product's references: these look normal to every expert.

    Args:
        memory: The memory that holds the product; the calibration is stored below its folder.
        decider: The model.
        product: Name of the product.
        images: Labelled photographs, five of each kind at least.
        path: ``fast``, or ``reasoned`` with a trace.
        method: ``platt`` or ``temperature``.
        context: Settings of the run; memory and profile are set here.
        progress: Told how many of how many are done.

    Raises:
        ModelError: The model fails, or there are too few images.
        ImageError: An image cannot be read.
    """
    run = (context or Context()).model_copy(
        update={"memory": str(memory.folder), "profile": "always" if path == "reasoned" else "never"}
    )
    own, measured = [], []
    for done, image in enumerate(images, start=1):
        state = _shown(memory.store_image(image.path), product, run, decider)
        own.append(decider.decide(case_of(state, run, memory)).defective)
        measured.append(_measured(state, run))
        if progress is not None:
            progress(done, len(images))
    by = decider.decided_by()
    labels = [image.defective for image in images]
    calibration = fit(by.model, by.revision, path, own, labels, evidence=measured, method=method)
    save(memory.folder / CONFIDENCE_FOLDER, calibration)
    return calibration


def _shown(image: ImageRef, product: str, context: Context, decider: Decider) -> State:
    """Lets the experts of an inspection come to what they show the model at its first attempt."""
    runtime = Runtime(context=context)
    state = State(image=image, product=product)
    for expert in (reference_extractor, knowledge_guide, router):
        state = state.model_copy(update=expert(state, runtime))
    if after_router(state) == "reasoning_expert":
        state = state.model_copy(update={"trace": trace_of(state, context, memory_of(runtime), decider)})
    return state


def _measured(state: State, context: Context) -> float:
    """Returns P(defective) by the evidence alone, 0.5 where it does not say."""
    evidence = state.reference or ReferenceEvidence(product=None, product_given=False, matches=())
    attempt = decide_measured(
        evidence,
        number=1,
        max_false_reject=context.max_false_reject,
        min_confidence=context.min_confidence,
        changed="calibration",
        effect=effect_of(state),
    )
    return attempt.probabilities.get("defective", 0.5)
