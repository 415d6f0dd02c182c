"""Whether what a threshold promises holds over the parts that were inspected: noticed where it cannot be chance."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from shlex import quote
from typing import TYPE_CHECKING

from PIL import Image

from echo_agent.errors import ImageError
from echo_agent.images.stored import load_stored
from echo_agent.memory.calibration import contradicts
from echo_agent.state import ImageRef, Value, Verdict
from echo_agent.state.notation import percent
from echo_agent.vision.photographing import MAX_COMPARED, differences

if TYPE_CHECKING:
    from echo_agent.memory.memory import Memory

MIN_PARTS = 6
"""Fewer parts may all be defective."""

MAX_HELD = 60
"""Newest records that are held against what was promised."""

HARDLY_DEFECTS = 0.9
"""From this share on it is hardly the defects: whoever inspects does not make nine defective parts in ten."""

WITH_A_CAUSE = 0.5
"""The same where the photographs themselves differ from the references."""


class BrokenPromise(Value):
    """A promise that does not hold for the photographs of a product.

    Attributes:
        product: The product.
        parts: Parts that were inspected.
        standing_out: Those whose score is above the threshold.
        bound: Share of good parts that should stand out at most, with 95 % confidence.
        cause: The likeliest cause, measured on the photographs; None where none was found.
    """

    product: str
    parts: int
    standing_out: int
    bound: float
    cause: str | None = None

    def __str__(self) -> str:
        """The finding with its remedy, in sentences."""
        told = (
            f"{self.standing_out} of {self.parts} parts of {self.product} stand out from the references, where of "
            f"good ones at most {percent(self.bound)} should: what was promised does not hold for these photographs, "
            "unless nearly all of these parts are defective."
        )
        cause = "No cause was found in how they were taken."
        if self.cause is not None:
            cause = f"Likeliest cause: they are {self.cause}."
        remedy = (
            f"Take photographs as the references were taken, or add some of these that show good parts: "
            f"echo-agent register {quote(self.product)} DIR"
        )
        return f"{told} {cause} {remedy}"


def broken_promises(
    memory: "Memory", inspected: Iterable[tuple[ImageRef, Verdict]]
) -> tuple[BrokenPromise, ...]:
    """Holds the share of parts that stand out against what was promised, product by product.

    A good part stands out with a probability of at most the guarantee's bound (with 95 % confidence). Where so many
    stand out that this cannot be chance (``contradicts``), and they are nearly all, or most
    of them and taken otherwise than the references, the promise is broken.

    Args:
        memory: The memory that the parts were compared with.
        inspected: Photographs with their verdicts; those without a threshold do not count.

    Returns:
        The promises that do not hold, each with its likeliest cause.
    """
    judged: dict[str, list[tuple[ImageRef, Verdict]]] = {}
    for image, verdict in inspected:
        if verdict.product is not None and verdict.threshold is not None and verdict.score is not None:
            judged.setdefault(verdict.product, []).append((image, verdict))
    found = (_held_against(memory, product, parts) for product, parts in judged.items())
    return tuple(broken for broken in found if broken is not None)


def broken_lately(memory: "Memory") -> tuple[BrokenPromise, ...]:
    """Holds the newest records against what was promised: parts that were inspected one by one, whichever way in.

    Each photograph counts once. What a person has called defective does not count, nor what an earlier version of its
    product judged.
    """
    versions = {record.name: record.version for record in memory.products()}
    counted: dict[str, tuple[ImageRef, Verdict]] = {}
    for record, said in memory.inspections.answered(MAX_HELD):
        verdict = record.verdict
        is_defect = said is not None and said.label == "defective"
        if (
            verdict.product is not None
            and versions.get(verdict.product) == verdict.memory_version
            and not is_defect
        ):
            counted.setdefault(record.image.sha256, (record.image, verdict))
    return broken_promises(memory, counted.values())


def _held_against(
    memory: "Memory", product: str, parts: Sequence[tuple[ImageRef, Verdict]]
) -> BrokenPromise | None:
    guarantee = parts[-1][1].guarantee
    out = [image for image, verdict in parts if (verdict.score or 0.0) > (verdict.threshold or 0.0)]
    if guarantee is None or guarantee.bound_95 is None or len(parts) < MIN_PARTS:
        return None
    if len(out) < WITH_A_CAUSE * len(parts):
        return None
    if not contradicts(len(out), len(parts), guarantee.bound_95):
        return None
    cause = _cause(memory, product, [verdict for _, verdict in parts], out)
    if cause is None and len(out) < HARDLY_DEFECTS * len(parts):
        return None
    return BrokenPromise(
        product=product, parts=len(parts), standing_out=len(out), bound=guarantee.bound_95, cause=cause
    )


def _cause(
    memory: "Memory", product: str, verdicts: Sequence[Verdict], out: Sequence[ImageRef]
) -> str | None:
    others = [
        verdict.evidence.matches[0].product
        for verdict in verdicts
        if verdict.evidence is not None and verdict.evidence.matches
    ]
    strangers = [other for other in others if other != product]
    if 2 * len(strangers) > len(verdicts):
        return f"of another product: most are nearer to {max(set(strangers), key=strangers.count)}"
    photographs, good = _some(out), _some(memory.product(product).references)
    found = differences(photographs, good, memory.encoder)
    return found[0].what if found else None


def _some(images: Sequence[ImageRef]) -> list[Image.Image]:
    """Some of the photographs, spread over all; not those whose files are gone."""
    step = max(1, len(images) // MAX_COMPARED)
    loaded = []
    for image in images[::step][:MAX_COMPARED]:
        with suppress(ImageError):
            loaded.append(load_stored(image))
    return loaded
