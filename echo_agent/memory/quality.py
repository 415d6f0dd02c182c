"""The image quality that products' references allow: kept beside the version, the last ones in memory."""

import threading
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path

from cachetools import LRUCache, cachedmethod
from PIL import Image

from echo_agent.images.photographs import Photographs
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.version_files import VersionFiles
from echo_agent.state import ImageQuality, ImageRef
from echo_agent.vision.quality import FILE_NAME, QualityModel, fit_quality

CACHED_MODELS = 8
CACHED_FINDINGS = 64


class Qualities:
    """Judges photographs by their product's references.

    Args:
        folder: Folder of the memory.
        files: Reads what was written with a version.
    """

    def __init__(self, folder: Path, files: VersionFiles) -> None:
        self._folder = folder
        self._files = files
        self._models: LRUCache[str, QualityModel] = LRUCache(CACHED_MODELS)
        self._found: LRUCache[tuple[str, str], ImageQuality] = LRUCache(CACHED_FINDINGS)
        self._caching = threading.Lock()

    @cachedmethod(
        attrgetter("_found"),
        lambda _, record, image, read: (record.key, image.sha256),
        attrgetter("_caching"),
    )
    def of(
        self, record: ProductRecord, image: ImageRef, read: Callable[[ImageRef], Image.Image]
    ) -> ImageQuality:
        """Whether the photograph can be judged beside the product's references.

        Args:
            record: The product.
            image: The photograph.
            read: Reads it as an RGB image.

        Raises:
            ImageError: It cannot be read.
            StoreError: What was kept of the references is damaged.
        """
        return self._model(record).judge(read(image))

    def measured(self, record: ProductRecord) -> dict[str, tuple[float, ...]]:
        """The values of each measure that the references have.

        Raises:
            StoreError: What was kept of them is damaged.
        """
        return self._model(record).measured

    @cachedmethod(attrgetter("_models"), lambda _, record: record.key, attrgetter("_caching"))
    def _model(self, record: ProductRecord) -> QualityModel:
        """Reads the model; a version that was registered without one gets it from its references."""
        file = self._folder / record.folder / FILE_NAME
        found = self._files.read(record, file, lambda stream: QualityModel.model_validate_json(stream.read()))
        return found or fit_quality(Photographs(record.references, record.ignored))
