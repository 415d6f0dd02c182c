"""The fitted resolutions of products: kept beside the version, fitted at first use, the last ones in memory."""

import threading
from collections import OrderedDict
from pathlib import Path

from echo_agent.errors import StoreError
from echo_agent.memory.normal_model import EFFORT_SCALES, Resolution, fit
from echo_agent.memory.product import ProductRecord
from echo_agent.vision.features import Encoder
from echo_agent.vision.image import load_image

CACHED = 8


def resolution_file(folder: Path, effort: int) -> Path:
    """File of a resolution in the folder of a product's version."""
    return folder / f"resolution-{effort}.npz"


class Resolutions:
    """Gives the fitted resolutions of products.

    Args:
        folder: Folder of the memory.
        encoder: Encoder of the memory.
    """

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self._folder = folder
        self._encoder = encoder
        self._kept: OrderedDict[tuple[str, int], Resolution] = OrderedDict()
        self._lock = threading.RLock()

    def of(self, record: ProductRecord, efforts: int) -> list[Resolution]:
        """The resolutions of the first ``efforts`` efforts.

        Those above the first are fitted from the kept references when they are first asked for, so that a product
        whose parts are all clear never pays for them.

        Raises:
            StoreError: The first resolution, which registration writes, is missing or damaged.
        """
        with self._lock:
            return [self._get(record, effort) for effort in range(efforts)]

    def _get(self, record: ProductRecord, effort: int) -> Resolution:
        key = (record.key, effort)
        if key not in self._kept:
            self._kept[key] = self._load(record, effort)
        self._kept.move_to_end(key)
        if len(self._kept) > CACHED:
            self._kept.popitem(last=False)
        return self._kept[key]

    def _load(self, record: ProductRecord, effort: int) -> Resolution:
        file = resolution_file(self._folder / record.folder, effort)
        if effort > 0 and not file.is_file():
            images = [load_image(image.uri) for image in record.references]
            turned = self._get(record, 0).turned
            fitted = fit(images, self._encoder, EFFORT_SCALES[effort], turned=turned).resolution
            try:
                fitted.save(file)
            except OSError as error:
                raise StoreError(
                    f"{file} cannot be written ({error.strerror}): free space or rights"
                ) from error
        try:
            return Resolution.load(file)
        except (OSError, ValueError, KeyError) as error:
            raise StoreError(f"{file} is missing or damaged: register {record.name} again") from error
