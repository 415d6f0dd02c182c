"""What an MLLM is shown at each attempt: every retry sees more than the one before."""

from dataclasses import dataclass

from PIL import Image

from echo_agent.context import Context
from echo_agent.errors import ImageError
from echo_agent.images.decoding import load_image
from echo_agent.memory.memory import Memory
from echo_agent.mllm.case import Case, Crop
from echo_agent.settings import process_settings
from echo_agent.state import Box, ImageRef, Reference, Region, State

CROP_MARGIN = 0.5
"""Margin around a region, as a share of its width and height."""

MIN_CROP = 224
"""Side in pixels that a crop is enlarged to at least."""


@dataclass(frozen=True)
class EscalationLevel:
    """One level of the escalation of attempts.

    Attributes:
        changed: What it changes against the step before, in words.
        references: References that are shown.
        crops: Suspicious regions that are shown enlarged.
        orders: Orders of the options.
        pixels: Pixels an image may have, in multiples of the process's setting.
    """

    changed: str
    references: int
    crops: int
    orders: int
    pixels: int = 1


ESCALATION_LEVELS = (
    EscalationLevel("first look", references=1, crops=0, orders=2),
    EscalationLevel(
        "stepwise reasoning; worst region enlarged beside the reference", references=1, crops=1, orders=2
    ),
    EscalationLevel(
        "more references, three regions enlarged, twice the pixels, the options in further orders",
        references=3,
        crops=3,
        orders=4,
        pixels=2,
    ),
)


def escalation_level_of(state: State) -> EscalationLevel:
    """Returns the level of the escalation that the next attempt stands on; the last serves all further ones."""
    return ESCALATION_LEVELS[min(len(state.attempts), len(ESCALATION_LEVELS) - 1)]


def case_of(state: State, context: Context, memory: Memory | None) -> Case:
    """Puts together what the MLLM is shown: of the evidence only what the router lets it use.

    Args:
        state: The state, with an image.
        context: The run's settings.
        memory: Keeps the crops; None shows none.

    Raises:
        ImageError: There is no image in the state, or it cannot be read.
    """
    level = escalation_level_of(state)
    use = state.route.use if state.route is not None else context.experts
    evidence = state.reference if "reference" in use else None
    found = evidence.references[: level.references] if evidence is not None else ()
    regions = evidence.regions[: level.crops] if evidence is not None else ()
    if state.image is None:
        raise ImageError("no image was given: put an ImageRef into the state, or use Inspector.inspect")
    pictured = found[0] if found else None
    return Case(
        image=state.image,
        references=tuple(reference.image for reference in found),
        crops=_crops(state.image, pictured, regions, memory) if memory is not None else (),
        evidence=evidence,
        knowledge=state.knowledge if "knowledge" in use else None,
        trace=state.trace if "reasoning" in use else None,
        question=state.question,
        path="reasoned" if state.trace is not None and "reasoning" in use else "fast",
        orders=level.orders,
        max_pixels=process_settings().mllm_max_pixels * level.pixels,
    )


def _crops(
    image: ImageRef, reference: Reference | None, regions: tuple[Region, ...], memory: Memory
) -> tuple[Crop, ...]:
    if not regions:
        return ()
    query = load_image(image.uri)
    beside = load_image(reference.image.uri) if reference is not None else None
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
