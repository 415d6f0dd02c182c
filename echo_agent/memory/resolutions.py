"""The fitted resolutions of products: kept beside the version, fitted at first use, the last ones in memory."""

import io
import logging
import threading
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path

from cachetools import LRUCache, cachedmethod

from echo_agent.memory.carrying import counted_photographs
from echo_agent.memory.normal_model import Resolution, fit
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.version_files import UNREADABLE, VersionFiles
from echo_agent.memory.working_resolutions import FIRST, WorkingResolution
from echo_agent.vision.features import FeatureEncoder

CACHED = 8

LOG = logging.getLogger(__name__)


class Resolutions:
    """Gives the fitted resolutions of products.

    Args:
        folder: Folder of the memory.
        files: Reads what was written with a version.
        encoder: Encoder of the memory.
    """

    def __init__(self, folder: Path, files: VersionFiles, encoder: FeatureEncoder) -> None:
        self._folder = folder
        self._files = files
        self._encoder = encoder
        self._kept: LRUCache[tuple[str, WorkingResolution], Resolution] = LRUCache(CACHED)
        self._lock = threading.RLock()

    def of(self, record: ProductRecord, wanted: Sequence[WorkingResolution]) -> list[Resolution]:
        """The fitted resolutions of a product.

        Finer ones are fitted from the kept references when they are first asked for, so that a product whose parts are
        all clear never pays for them.

        Raises:
            FileNotFoundError: The version is no longer there: another process has replaced it.
            ImageError: One is to be fitted, and a reference cannot be read.
            StoreError: The first is damaged.
        """
        with self._lock:
            return [self._get(record, working) for working in wanted]

    @cachedmethod(attrgetter("_kept"), lambda _, record, working: (record.key, working))
    def _get(self, record: ProductRecord, working: WorkingResolution) -> Resolution:
        file = self._folder / record.folder / working.file_name
        if working in FIRST[1:]:
            return self._kept_fit(record, file) or self._fit(record, working, file)
        found = self._files.read(record, file, Resolution.load)
        if found is None:
            raise FileNotFoundError(file)
        return found

    def _kept_fit(self, record: ProductRecord, file: Path) -> Resolution | None:
        """A finer resolution that was fitted before; None where there is none, or the file is damaged."""
        try:
            return Resolution.load(io.BytesIO(file.read_bytes()), record.key)
        except FileNotFoundError:
            return None
        except UNREADABLE as error:
            LOG.warning("%s cannot be read (%s): it is fitted anew from the references", file, error)
            return None

    def _fit(self, record: ProductRecord, working: WorkingResolution, file: Path) -> Resolution:
        usual = self._get(record, FIRST[0])
        fitted = fit(
            counted_photographs(record.references, record.ignored, self._encoder),
            self._encoder,
            working.scale,
            angles=usual.angles,
            groups=usual.groups,
        )
        try:
            fitted.resolution.save(file, record.key)
        except OSError as error:
            LOG.info("%s cannot be written (%s): it is fitted anew by the next process", file, error.strerror)
        return fitted.resolution
