"""What a language model is shown at each attempt: every retry sees more than the one before."""

from collections.abc import Collection

from PIL import Image

from echo_agent.context import Expert
from echo_agent.decision.escalation import escalation_level_of
from echo_agent.errors import ImageError
from echo_agent.images.decoding import load_image
from echo_agent.mllm.case import Case, Crop
from echo_agent.resources import Resources
from echo_agent.state import Box, ImageRef, Region, State, VerdictEffect

CROP_MARGIN = 0.5
"""Margin around a region, as a share of its width and height."""

MIN_CROP = 224
"""Side in pixels that a crop is enlarged to at least."""


def show(state: State, resources: Resources) -> Case:
    """Puts together what a language model is shown: of the evidence only what the router lets it use.

    Args:
        state: The state, with an image.
        resources: The run's settings, and the memory that keeps the crops.

    Raises:
        ImageError: There is no image in the state, or it cannot be read.
    """
    if state.image is None:
        raise ImageError("no image was given: put an ImageRef into the state, or use Inspector.inspect")
    memory = resources.memory
    product = state.reference.product if state.reference is not None else None
    image = memory.counted(state.image, product)
    level, used = escalation_level_of(state), what_is_used(state, resources.context.experts)
    evidence = used.reference
    nearest = evidence.references[: level.references] if evidence is not None else ()
    found = tuple(memory.counted(reference.image, product) for reference in nearest)
    regions = evidence.regions[: level.crops] if evidence is not None else ()
    return Case(
        image=image,
        references=found,
        crops=_crops(image, found[0] if found else None, regions, resources) if regions else (),
        evidence=evidence,
        knowledge=used.knowledge,
        trace=used.trace,
        question=state.question,
        path="reasoned" if used.trace is not None else "fast",
        orders=1 if resources.context.asks_once else level.orders,
        max_pixels=resources.max_pixels * level.pixels,
    )


def what_is_used(state: State, experts: Collection[Expert]) -> State:
    """Returns the state with the evidence of those experts alone that take part and that the router lets decide.

    Args:
        state: The state behind the router.
        experts: Experts that take part at all, which counts where there is no route.
    """
    use = state.route.use if state.route is not None else experts
    is_weighed = "reference" in use and "knowledge" in use
    return state.model_copy(
        update={
            "effect": state.effect if is_weighed else VerdictEffect(),
            "reference": state.reference if "reference" in use else None,
            "knowledge": state.knowledge if "knowledge" in use else None,
            "trace": state.trace if "reasoning" in use else None,
        }
    )


def _crops(
    image: ImageRef, reference: ImageRef | None, regions: tuple[Region, ...], resources: Resources
) -> tuple[Crop, ...]:
    memory = resources.memory
    query = load_image(image.uri)
    beside = load_image(reference.uri) if reference is not None else None
    return tuple(
        Crop(
            region=region.id,
            query=memory.store_image(cut(query, region.box, query.size)),
            reference=memory.store_image(cut(beside, region.box, query.size)) if beside is not None else None,
        )
        for region in regions
    )


def cut(image: Image.Image, box: Box, size: tuple[int, int]) -> Image.Image:
    """Cuts a box, given in an image of ``size``, with its margin out of an image of any size."""
    across, down = image.width / size[0], image.height / size[1]
    wide, high = (box.right - box.left) * CROP_MARGIN, (box.bottom - box.top) * CROP_MARGIN
    left, right = max(0.0, box.left - wide) * across, min(float(size[0]), box.right + wide) * across
    top, bottom = max(0.0, box.top - high) * down, min(float(size[1]), box.bottom + high) * down
    corner = (max(int(left) + 1, round(right)), max(int(top) + 1, round(bottom)))
    crop = image.crop((int(left), int(top), *corner))
    scale = max(1.0, MIN_CROP / max(crop.size))
    return crop.resize((max(1, round(crop.width * scale)), max(1, round(crop.height * scale))))
