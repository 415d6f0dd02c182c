"""The fitted resolutions of products: kept beside the version, fitted at first use, the last ones in memory."""

import threading
import zipfile
from operator import attrgetter
from pathlib import Path

from cachetools import LRUCache, cachedmethod

from echo_agent.errors import StoreError
from echo_agent.images.photographs import Photographs
from echo_agent.memory.normal_model import ESCALATION_SCALES, Resolution, fit
from echo_agent.memory.product import ProductRecord
from echo_agent.vision.features import FeatureEncoder

CACHED = 8


def resolution_file(folder: Path, escalation_level: int) -> Path:
    """File of a resolution in the folder of a product's version."""
    return folder / f"resolution-{escalation_level}.npz"


class Resolutions:
    """Gives the fitted resolutions of products.

    Args:
        folder: Folder of the memory.
        encoder: Encoder of the memory.
    """

    def __init__(self, folder: Path, encoder: FeatureEncoder) -> None:
        self._folder = folder
        self._encoder = encoder
        self._kept: LRUCache[tuple[str, int], Resolution] = LRUCache(CACHED)
        self._lock = threading.RLock()

    def of(self, record: ProductRecord, escalation_levels: int) -> list[Resolution]:
        """The resolutions of the first ``escalation_levels`` escalation_levels.

        Those above the first are fitted from the kept references when they are first asked for, so that a product
        whose parts are all clear never pays for them.

        Raises:
            FileNotFoundError: The version is no longer there: another process has replaced it.
            StoreError: A resolution is damaged, or cannot be written.
        """
        with self._lock:
            return [self._get(record, escalation_level) for escalation_level in range(escalation_levels)]

    @cachedmethod(attrgetter("_kept"), lambda _, record, escalation_level: (record.key, escalation_level))
    def _get(self, record: ProductRecord, escalation_level: int) -> Resolution:
        file = resolution_file(self._folder / record.folder, escalation_level)
        if escalation_level > 0 and not file.is_file():
            self._fit(record, escalation_level, file)
        try:
            return Resolution.load(file)
        except FileNotFoundError:
            raise
        except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile) as error:
            raise StoreError(
                f"the references of {record.name} in {file} cannot be read ({type(error).__name__}): register it again"
            ) from error

    def _fit(self, record: ProductRecord, escalation_level: int, file: Path) -> None:
        fitted = fit(
            Photographs(record.references),
            self._encoder,
            ESCALATION_SCALES[escalation_level],
            rotated=self._get(record, 0).rotated,
            groups=self._get(record, 0).groups,
        )
        try:
            fitted.resolution.save(file)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StoreError(f"{file} cannot be written ({error.strerror}): free space or rights") from error
