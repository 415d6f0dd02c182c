"""The fitted resolutions of products: kept beside the version, fitted at first use, the last ones in memory."""

import threading
import zipfile
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path

from cachetools import LRUCache, cachedmethod

from echo_agent.errors import StoreError
from echo_agent.images.photographs import Photographs
from echo_agent.memory.normal_model import Resolution, fit
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.working_resolutions import FIRST, WorkingResolution
from echo_agent.vision.features import FeatureEncoder

CACHED = 8


class Resolutions:
    """Gives the fitted resolutions of products.

    Args:
        folder: Folder of the memory.
        encoder: Encoder of the memory.
    """

    def __init__(self, folder: Path, encoder: FeatureEncoder) -> None:
        self._folder = folder
        self._encoder = encoder
        self._kept: LRUCache[tuple[str, WorkingResolution], Resolution] = LRUCache(CACHED)
        self._lock = threading.RLock()

    def of(self, record: ProductRecord, wanted: Sequence[WorkingResolution]) -> list[Resolution]:
        """The fitted resolutions of a product.

        Finer ones are fitted from the kept references when they are first asked for, so that a product whose parts are
        all clear never pays for them.

        Raises:
            FileNotFoundError: The version is no longer there: another process has replaced it.
            StoreError: A resolution is damaged, or cannot be written.
        """
        with self._lock:
            return [self._get(record, working) for working in wanted]

    @cachedmethod(attrgetter("_kept"), lambda _, record, working: (record.key, working))
    def _get(self, record: ProductRecord, working: WorkingResolution) -> Resolution:
        file = self._folder / record.folder / working.file_name
        if working in FIRST[1:] and not file.is_file():
            self._fit(record, working, file)
        try:
            return Resolution.load(file)
        except FileNotFoundError:
            raise
        except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile) as error:
            raise StoreError(
                f"the references of {record.name} in {file} cannot be read ({type(error).__name__}): register it again"
            ) from error

    def _fit(self, record: ProductRecord, working: WorkingResolution, file: Path) -> None:
        usual = self._get(record, FIRST[0])
        fitted = fit(
            Photographs(record.references),
            self._encoder,
            working.scale,
            rotated=usual.rotated,
            groups=usual.groups,
        )
        try:
            fitted.resolution.save(file)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StoreError(f"{file} cannot be written ({error.strerror}): free space or rights") from error
