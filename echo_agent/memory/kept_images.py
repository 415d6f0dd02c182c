"""The photographs and anomaly maps that a memory keeps, of references and of what was inspected."""

import os
from functools import partial
from pathlib import Path

from PIL import Image

from echo_agent.files import writable
from echo_agent.images import stored
from echo_agent.images.ignored import Ignored
from echo_agent.images.in_memory import ImageLike
from echo_agent.images.policy import ImagePolicy
from echo_agent.memory import evidence
from echo_agent.memory.database import Database
from echo_agent.memory.products import Products
from echo_agent.memory.retention import Limits, Retention
from echo_agent.memory.scorer import Scorer
from echo_agent.memory.second_encoder import SecondEncoders
from echo_agent.memory.store import Store
from echo_agent.state import ImageRef
from echo_agent.vision.anomaly_map import at_size
from echo_agent.vision.features import Array, FeatureEncoder


class KeptImages(Products):
    """A memory's products, with their pictures.

    Args:
        database: Its database, in its folder.
        store: What writes into it.
        encoder: What takes features from images.
        seconds: Opens the second encoders of products.
        limits: How much is kept of inspections.
        policy: Bounds on the images that are given to it.
    """

    def __init__(
        self,
        database: Database,
        store: Store,
        encoder: FeatureEncoder,
        seconds: SecondEncoders,
        *,
        limits: Limits,
        policy: ImagePolicy,
    ) -> None:
        super().__init__(database, store, encoder, seconds, policy)
        self._retention = Retention(database, limits)
        # Photographs and maps of inspections go there: to inspect needs no right to write into the memory.
        self._leavings = writable(self.folder, never=database.is_copy)
        self._scorer = Scorer(
            database, encoder, seconds, store.index, maps=self._leavings / "maps", retention=self._retention
        )

    @property
    def is_writable(self) -> bool:
        """Whether what is inspected can leave something in its folder."""
        return self._leavings == self.folder and os.access(self._database.file, os.W_OK)

    def anomaly_map(self, map_id: str, size: tuple[int, int] | None = None) -> Array:
        """The calibrated anomaly map of an inspection: 1 is the highest that a left-out reference reached.

        Args:
            map_id: ``map_id`` of a verdict.
            size: Wanted width and height in pixels; the map's own grid where not given.

        Returns:
            ``(height, width)``, float32, at least 0.
        """
        place = next((place for place in self._places("maps") if (place / f"{map_id}.npy").is_file()), None)
        grid = evidence.read_map(place or self.folder / "maps", map_id)
        return grid if size is None else at_size(grid, size)

    def store_image(self, image: ImageLike, product: str | None = None) -> ImageRef:
        """Makes an ``ImageRef``; what is no file of one 8-bit picture is kept in the memory's folder under its digest.

        It is kept for as long as ``Settings.kept_images`` allows; see ``retention.tidy``.

        Args:
            image: The image.
            product: What it shows: more than 8 bits are read with that product's depth. Where not given, with the one
                depth of all products that it fits.

        Raises:
            ImageError: The image cannot be read, or has another depth.
            ProductError: The product is unknown.
        """
        folder = self._leavings / "images"
        ref, pixels = stored.open_image(image, folder, self._policy, partial(self._depth_of, product))
        self._scorer.seen.has_opened(ref, pixels)
        if Path(ref.uri).parent == folder:
            self._retention.wrote()
        return ref

    def counted(self, image: ImageRef, product: str | None) -> ImageRef:
        """The image with what of it never counts painted over; itself where all of it counts.

        Args:
            image: A photograph, inspected or a reference.
            product: What it shows; None where that is not known.

        Raises:
            ImageError: It can no longer be read.
        """
        record = None if product is None else self.product(product)
        if record is None or not record.ignored:
            return image
        return self.store_image(self.ignored_in(image, record.name).painted(self.pixels(image)))

    def ignored_in(self, image: ImageRef, product: str) -> Ignored:
        """What of a photograph never counts; the regions as they are drawn where they cannot be carried to it.

        Raises:
            ImageError: It can no longer be read.
            ProductError: The product is unknown.
        """
        record = self.product(product)
        return self._scorer.seen.counting(image, record)

    def pixels(self, image: ImageRef) -> Image.Image:
        """The upright RGB image; decoded anew only where it is no longer kept from the inspection.

        Raises:
            ImageError: It can no longer be read.
        """
        return self._scorer.seen.read(image)

    def keep(self, image: ImageRef) -> ImageRef:
        """Copies an image into the memory's folder, under its digest."""
        return stored.copy_image(image, self._leavings / "images")

    def kept_image(self, digest: str) -> ImageRef:
        """The image that was stored in the memory's folder under its SHA-256.

        Raises:
            ImageError: There is none.
        """
        known = digest.isalnum()
        found = [place for place in self._places("images") if known and any(place.glob(f"{digest}.*"))]
        return stored.find_image(digest, (found or [self.folder / "images"])[0])

    def _places(self, kind: str) -> tuple[Path, ...]:
        """The folders of photographs or maps: the memory's, and that of this process where it cannot write there."""
        return tuple(dict.fromkeys((self.folder / kind, self._leavings / kind)))
