"""A station: an inspector that takes photographs in batches, and draws what it saw."""

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from PIL import Image

from echo_agent.decision.standards import Standards, standards
from echo_agent.errors import EchoError, ImageError
from echo_agent.inspector import Inspector
from echo_agent.report.overlay import marked, overlay, shown_map
from echo_agent.resources import Resources
from echo_agent.runs.line import unreadable
from echo_agent.runs.photograph import Photograph
from echo_agent.runs.record import RunSettings
from echo_agent.state import ImageRef, Verdict
from echo_agent.vision.side_by_side import side_by_side

PICTURE_SIDE = 640
"""Longest side of the pictures that a run keeps, in pixels; a smaller photograph keeps its size."""

JPEG_QUALITY = 85


@dataclass(frozen=True)
class Drawn:
    """The pictures of an inspection as JPEG: the photograph, and with its map where there is one."""

    photograph: bytes
    map: bytes | None


@dataclass(frozen=True)
class Inspected:
    """An inspection of a run.

    Attributes:
        photograph: What was inspected.
        image: The image in it; None where it could not be read.
        verdict: What Echo says; None where it came to no verdict.
        error: Why the photograph could not be read, or there is no verdict.
        drawn: Its pictures, where they were drawn already.
    """

    photograph: Photograph
    image: ImageRef | None
    verdict: Verdict | None
    error: str | None = None
    drawn: Drawn | None = None


Opened = tuple[Photograph, ImageRef | ImageError]


class Station:
    """Inspects photographs for a run.

    Args:
        inspector: What inspects them.
        settings: The run's settings.
    """

    def __init__(self, inspector: Inspector, settings: RunSettings) -> None:
        self.inspector = inspector
        self._settings = settings

    @classmethod
    def open(cls, settings: RunSettings) -> "Station":
        """Opens the memory and the Decision Maker that the settings name."""
        return cls(Inspector.open(settings.memory, create=False, context=settings.context), settings)

    def standards(self) -> dict[str, Standards]:
        """By what it judges the parts of its product, or of each where they are found out."""
        memory, named = self.inspector.memory, self._settings.product
        resources = Resources(self.inspector.context, memory=memory)
        names = [named] if named is not None else [product.name for product in memory.products()]
        return {name: standards(resources, name) for name in names}

    def decode(self, photographs: Sequence[Photograph]) -> list[Opened]:
        """Decodes photographs; what cannot be read gives its error."""
        decoded = side_by_side([partial(self._decoded, photograph) for photograph in photographs])
        return list(zip(photographs, decoded, strict=True))

    def _decoded(self, photograph: Photograph) -> ImageRef | ImageError:
        try:
            return self.inspector.memory.store_image(photograph.path, self._settings.product)
        except ImageError as error:
            return error

    def encode(self, opened: Sequence[Opened]) -> None:
        """Encodes photographs that were decoded, so that their inspection finds them encoded."""
        images = [image for _, image in opened if isinstance(image, ImageRef)]
        with suppress(EchoError):  # told by the inspection of that one
            self.inspector.memory.encode_ahead(images, self._settings.product)

    def inspect(self, opened: Sequence[Opened]) -> Iterator[Inspected]:
        """Inspects photographs that were decoded, in their order; what cannot be read is ``review``."""
        images = [(image, photograph.name) for photograph, image in opened if isinstance(image, ImageRef)]
        lots = {
            image.sha256: photograph.lot
            for photograph, image in opened
            if isinstance(image, ImageRef) and photograph.lot is not None
        }
        found = self.inspector.inspect_stored(
            images, product=self._settings.product, question=self._settings.question, lots=lots
        )
        for photograph, image in opened:
            result = next(found) if isinstance(image, ImageRef) else image
            if photograph.size is not None and isinstance(result, ImageError) and _is_gone(photograph):
                yield Inspected(photograph, None, None, "it was taken away before it was inspected")
            elif isinstance(result, ImageError):
                yield Inspected(photograph, None, unreadable(str(result)), str(result))
            elif isinstance(result, EchoError):
                yield Inspected(photograph, None, None, str(result))
            else:
                yield Inspected(photograph, image if isinstance(image, ImageRef) else None, result)

    def draw(self, inspected: Inspected) -> Drawn | None:
        """Draws the pictures of an inspection; None where the photograph cannot be read."""
        memory, verdict = self.inspector.memory, inspected.verdict
        if inspected.drawn is not None or inspected.image is None or verdict is None:
            return inspected.drawn
        try:
            picture = memory.pixels(inspected.image)
        except ImageError:  # it was taken away since it was inspected
            return None
        side = min(PICTURE_SIDE, max(picture.size))
        small = overlay(picture, None, longest_side=side)
        values = shown_map(memory, verdict)
        if values is None:
            return Drawn(_jpeg(small), None)
        shown = marked(small, values, verdict.regions, picture.size)
        return Drawn(_jpeg(small), _jpeg(shown))


def _is_gone(photograph: Photograph) -> bool:
    return not photograph.path.exists()


def _jpeg(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format="JPEG", quality=JPEG_QUALITY)
    return stream.getvalue()
