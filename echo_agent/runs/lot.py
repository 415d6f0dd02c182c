"""A run whose parts judge each other: what the lot says of each photograph, before the first is inspected."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from echo_agent.errors import ImageError
from echo_agent.inspector import Inspector
from echo_agent.runs.photograph import PartIds, Photograph
from echo_agent.state import ImageRef


def judged_as_a_lot(
    photographs: Sequence[Photograph], inspector: Inspector, product: str | None, part_id: str | None = None
) -> list[Photograph]:
    """Lets the parts that photographs show judge each other, those of each product on their own.

    Args:
        photographs: All photographs of the lot.
        inspector: What inspects them.
        product: What they all show; found out for each where not given.
        part_id: Regular expression of the part's id, of which the photographs are views; see ``PartIds``.

    Returns:
        The photographs, each with what the lot says of it; what cannot be read takes no part, and is told when it is
        inspected.
    """
    memory, images = inspector.memory, dict[Photograph, ImageRef]()
    for photograph in photographs:
        with suppress(ImageError):
            images[photograph] = memory.store_image(photograph.path, product)
    parts = PartIds(part_id)
    found = memory.judge_lot(
        list(images.values()),
        product,
        encoders=inspector.context.encoders,
        shown={image.sha256: parts.of(photograph) for photograph, image in images.items()},
    )
    by_photograph = {photograph: found.get(image.sha256) for photograph, image in images.items()}
    return [replace(photograph, lot=by_photograph.get(photograph)) for photograph in photographs]
