"""What was seen of images: their pixels, their features and what of them counts, the last of it kept."""

import threading
from collections.abc import Sequence
from operator import attrgetter

import numpy as np
from cachetools import LRUCache, cachedmethod
from PIL import Image

from echo_agent.images.ignored import NOTHING, Ignored
from echo_agent.images.photographs import Photographs
from echo_agent.images.stored import load_stored
from echo_agent.memory.carrying import drawn_on
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.working_resolutions import FIRST
from echo_agent.state import ImageRef
from echo_agent.vision.carrying import Laid, carried
from echo_agent.vision.features import Array, FeatureEncoder, Features
from echo_agent.vision.near_duplicates import near_duplicates

CACHED_FEATURES = 64
CACHED_HIDDEN = 4096
CACHED_PIXELS = 48e6
"""Pixels of photographs that are kept, four bytes each, and no more photographs than features."""


class SeenImages:
    """Reads and encodes images, each once as long as it is kept.

    Args:
        encoder: The encoder of first looks.
    """

    def __init__(self, encoder: FeatureEncoder) -> None:
        self._encoder = encoder
        self._caching = threading.Lock()
        self._photographs: LRUCache[ImageRef, Image.Image] = LRUCache(CACHED_PIXELS, _cached_pixels)
        self._features: LRUCache[tuple[str, str, float, Ignored], Features] = LRUCache(CACHED_FEATURES)
        self._parts: LRUCache[tuple[tuple[str, ...], str], dict[str, int]] = LRUCache(CACHED_FEATURES)
        self._hidden: LRUCache[tuple[str, str], Ignored | None] = LRUCache(CACHED_HIDDEN)

    def forget(self) -> None:
        """Drops what is kept."""
        with self._caching:
            for cache in (self._photographs, self._features, self._parts, self._hidden):
                cache.clear()

    def has_opened(self, image: ImageRef, pixels: Image.Image) -> None:
        """Takes the pixels of an image that was decoded already, so that it is not decoded again."""
        with self._caching:
            self._photographs[image] = pixels

    def encode_ahead(self, chosen: Sequence[ImageRef]) -> None:
        """Encodes images for their first look together, which costs less than one after the other.

        Args:
            chosen: The images; at most ``CACHED_FEATURES`` of them are of use.

        Raises:
            ImageError: An image cannot be read.
        """
        scale, own = FIRST[0].scale, self._encoder.id
        with self._caching:
            new = {
                image.sha256: image
                for image in chosen
                if (image.sha256, own, scale, NOTHING) not in self._features
            }
        if not new:
            return
        found = self._encoder.encode([self.read(image) for image in new.values()], scale=scale)
        with self._caching:
            for digest, features in zip(new, found, strict=True):
                self._features[digest, own, scale, NOTHING] = features

    @cachedmethod(attrgetter("_photographs"), lambda _, image: image, attrgetter("_caching"))
    def read(self, image: ImageRef) -> Image.Image:
        """Reads an image; kept, as its quality and its finer looks need it as well."""
        return load_stored(image)

    @cachedmethod(
        attrgetter("_features"),
        lambda _, image, encoder, scale, ignored: (image.sha256, encoder.id, scale, ignored),
        attrgetter("_caching"),
    )
    def encode(self, image: ImageRef, encoder: FeatureEncoder, scale: float, ignored: Ignored) -> Features:
        """The features of an image, what does not count painted over."""
        return encoder.encode([ignored.painted(self.read(image))], scale=scale)[0]

    def first(self, image: ImageRef, ignored: Ignored) -> Features:
        """Its features at the first look, but for what does not count."""
        return self.encode(image, self._encoder, FIRST[0].scale, ignored)

    def counting(self, image: ImageRef, record: ProductRecord) -> Ignored:
        """What of an image does not count; the regions as they are drawn where they cannot be carried to it."""
        return self.hidden(image, record) or record.ignored

    @cachedmethod(
        attrgetter("_hidden"), lambda _, image, record: (image.sha256, record.key), attrgetter("_caching")
    )
    def hidden(self, image: ImageRef, record: ProductRecord) -> Ignored | None:
        """What of an image does not count; None where regions that move with the part cannot be carried to it."""
        drawn = drawn_on(record.ignored, record.references)
        if drawn is None or drawn.sha256 == image.sha256:
            return record.ignored
        return carried(record.ignored, self._laid(drawn), self._laid(image))

    def repeated(
        self, images: Sequence[ImageRef], record: ProductRecord, embeddings: Array
    ) -> tuple[int, ...]:
        """The group of each image, of which those that repeat each other are in one; see ``near_duplicates``."""
        counting = [self.counting(image, record) for image in images]
        return near_duplicates(Photographs(images, counting), embeddings)

    @cachedmethod(
        attrgetter("_parts"),
        lambda _, images, record: (tuple(image.sha256 for image in images), record.key),
        attrgetter("_caching"),
    )
    def parts(self, images: tuple[ImageRef, ...], record: ProductRecord) -> dict[str, int]:
        """The part that each image shows, by its digest: those that repeat each other show one."""
        if not images:
            return {}
        embeddings = [self.first(image, self.counting(image, record)).embedding for image in images]
        groups = self.repeated(images, record, np.stack(embeddings))
        return dict(zip((image.sha256 for image in images), groups, strict=True))

    def _laid(self, image: ImageRef) -> Laid:
        return Laid.of(self.read(image), self.first(image, NOTHING).patches)


def _cached_pixels(image: Image.Image) -> float:
    """What an image weighs in the cache; the last one is kept however large it is."""
    return min(max(image.width * image.height, CACHED_PIXELS / CACHED_FEATURES), CACHED_PIXELS)
