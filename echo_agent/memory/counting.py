"""Counting at the places of a card: which of a product's things are there in a photograph."""

import logging
import threading
from collections.abc import Sequence
from operator import attrgetter

from cachetools import LRUCache, cachedmethod

from echo_agent.errors import ImageError
from echo_agent.images.stored import load_stored
from echo_agent.memory.product import ProductRecord
from echo_agent.state import Box, CountedPlace, ImageRef
from echo_agent.vision.counting import Place, PlaceModel
from echo_agent.vision.features import FeatureEncoder
from echo_agent.vision.place_descriptors import Photograph, RelativeBox
from echo_agent.vision.place_fitting import fit_places, scale_for
from echo_agent.vision.regions import place_in_words

MAX_REFERENCES = 24
"""References that the places are learned from, the drawn one included; more cost time and tell little."""

CACHED_MODELS = 4
CACHED_COUNTS = 64
GRID = 3000
"""Relative coordinates are put into words on a square of this side."""

LOG = logging.getLogger(__name__)

Boxes = tuple[RelativeBox, ...]


class Counting:
    """Tells what is at drawn places, by the product's references.

    The model of a product's places is learned when it is first asked for: a product without countable statements
    never pays for it.

    Args:
        encoder: Encoder of the memory.
    """

    def __init__(self, encoder: FeatureEncoder) -> None:
        self._encoder = encoder
        self._models: LRUCache[tuple[str, str, Boxes], tuple[PlaceModel, float]] = LRUCache(CACHED_MODELS)
        self._found: LRUCache[tuple[str, str, Boxes, str], tuple[CountedPlace, ...]] = LRUCache(CACHED_COUNTS)
        self._learning = threading.Lock()
        self._caching = threading.Lock()

    @cachedmethod(
        attrgetter("_found"),
        lambda _, record, image, drawn, boxes: (record.key, drawn.sha256, boxes, image.sha256),
        attrgetter("_caching"),
    )
    def of(
        self, record: ProductRecord, image: ImageRef, drawn: ImageRef, boxes: Boxes
    ) -> tuple[CountedPlace, ...]:
        """What is at each place of a photograph.

        Args:
            record: The product.
            image: The photograph.
            drawn: The photograph of a good part that the boxes are drawn on.
            boxes: Left, top, right and bottom of each place, from 0 to 1.

        Raises:
            ImageError: A photograph cannot be read.
        """
        with self._learning:
            model, scale = self._model(record, drawn, boxes)
        places = model.find(self._photograph(image, scale))
        return tuple(
            _counted(place, name, image) for place, name in zip(places, place_names(boxes), strict=True)
        )

    @cachedmethod(attrgetter("_models"), lambda _, record, drawn, boxes: (record.key, drawn.sha256, boxes))
    def _model(self, record: ProductRecord, drawn: ImageRef, boxes: Boxes) -> tuple[PlaceModel, float]:
        (first,) = self._encoder.encode([load_stored(drawn)])
        scale = scale_for(boxes, first.patches)
        others = [image for image in record.references if image.sha256 != drawn.sha256]
        chosen = [self._photograph(drawn, scale)]
        for image in others[: MAX_REFERENCES - 1]:
            try:
                chosen.append(self._photograph(image, scale))
            except ImageError as error:
                LOG.warning("counting in %s goes without a reference: %s", record.name, error)
        return fit_places(chosen, boxes), scale

    def _photograph(self, image: ImageRef, scale: float) -> Photograph:
        (features,) = self._encoder.encode([load_stored(image)], scale=scale)
        return Photograph(features.patches, features.embedding, (image.width, image.height))


def place_names(boxes: Sequence[RelativeBox]) -> tuple[str, ...]:
    """Names places by where they are drawn, such as ``bottom left``; those of one name are numbered."""
    words = [
        place_in_words((GRID * (left + right) / 2, GRID * (top + bottom) / 2), (GRID, GRID))
        for left, top, right, bottom in boxes
    ]
    return tuple(
        f"{word} {words[: index + 1].count(word)}" if words.count(word) > 1 else word
        for index, word in enumerate(words)
    )


def _counted(place: Place, name: str, image: ImageRef) -> CountedPlace:
    return CountedPlace(place=name, presence=place.presence, box=_within(place.box, image), reason=place.why)


def _within(box: RelativeBox | None, image: ImageRef) -> Box | None:
    """Cuts a box at the edges of the photograph; None where nothing of it is left."""
    if box is None:
        return None
    left, top = (max(0, round(value)) for value in box[:2])
    right, bottom = min(image.width, round(box[2])), min(image.height, round(box[3]))
    if right <= left or bottom <= top:
        return None
    return Box(left=left, top=top, right=right, bottom=bottom)
