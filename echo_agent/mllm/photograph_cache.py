"""Photographs as a model's processor prepares them: each once, for all questions, orders and attempts."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cachetools import LRUCache
from PIL import Image

from echo_agent.images.budget import within_budget
from echo_agent.images.decoding import decode_image

MAX_BYTES = 256 * 2**20
"""Prepared pixels that are kept: those of some fifty photographs of 448 px."""

AT_ONCE = 4
"""Photographs of one prompt that are prepared at once."""

_SOURCE = "echo source"
_STRIPES = 16


@dataclass(frozen=True)
class Source:
    """A photograph before it is prepared.

    Attributes:
        name: How it is called in errors.
        data: Content of the image file.
        max_pixels: Pixels it is reduced to at most.
    """

    name: str
    data: bytes
    max_pixels: int

    def read(self) -> Image.Image:
        """Decodes and reduces it.

        Raises:
            ImageError: It cannot be read.
        """
        return within_budget(decode_image(self.data, name=self.name), self.max_pixels)


@dataclass(frozen=True)
class Photograph:
    """A prepared photograph.

    Attributes:
        key: Digest of its file and pixel budget; None where it cannot be told apart from others of its prompt.
        tensors: What the processor made of it, on the CPU.
        placeholder: The text that stands for it in a prompt.
    """

    key: tuple[str, int] | None
    tensors: Mapping[str, Any]
    placeholder: str = ""


class PhotographCache:
    """Stands between a processor and its image processor, and remembers what was prepared.

    A processor is handed stand-ins in place of images; where it comes to prepare them, each is looked up, or read and
    prepared alone. What it returns then holds the text, and the stand-ins hold the photographs.

    Args:
        processor: A processor of transformers; its step ``_process_images`` is replaced.
        dtype: Number format of the model's weights, in which pixels are kept.
    """

    def __init__(self, processor: Any, dtype: Any) -> None:
        self._dtype = dtype
        self._prepare = getattr(processor, "_process_images", None)
        self._prepared: LRUCache[tuple[str, int], Photograph] = LRUCache(MAX_BYTES, _size)
        self._lock = threading.Lock()
        self._stripes = [threading.Lock() for _ in range(_STRIPES)]
        if self._prepare is not None:
            processor._process_images = self._looked_up

    def stand_in(self, source: Source) -> Image.Image:
        """Returns an image that a processor takes in a photograph's place."""
        image = Image.new("RGB", (32, 32))
        image.info[_SOURCE] = source
        return image

    def photograph(self, stand_in: Image.Image) -> Photograph | None:
        """Returns the photograph that a stand-in came to; None where the processor did not ask for it."""
        found = stand_in.info.get(_SOURCE)
        return found if isinstance(found, Photograph) else None

    def forget(self) -> None:
        """Drops what was prepared."""
        with self._lock:
            self._prepared.clear()

    def _looked_up(self, images: Sequence[Any], **arguments: Any) -> tuple[dict[str, Any], list[str]]:
        """Takes the place of the processor's own step: its tensors stay with the stand-ins."""
        nested = bool(images) and isinstance(images[0], list | tuple)
        flat = [image for row in images for image in row] if nested else list(images)
        if not all(isinstance(image.info.get(_SOURCE), Source) for image in flat):
            return self._prepare(images, **arguments)  # type: ignore[misc, no-any-return]

        def look_up(image: Image.Image) -> Photograph:
            return self._get(image.info[_SOURCE], nested, arguments)

        found = list(_threads().map(look_up, flat)) if len(flat) > 1 else [look_up(image) for image in flat]
        for image, photograph in zip(flat, found, strict=True):
            image.info[_SOURCE] = photograph
        return {}, [photograph.placeholder for photograph in found]

    def _get(self, source: Source, nested: bool, arguments: dict[str, Any]) -> Photograph:
        key = (hashlib.sha256(source.data).hexdigest(), source.max_pixels)
        with self._stripes[hash(key) % _STRIPES]:
            with self._lock:
                known = self._prepared.get(key)
            if known is None:
                known = self._made(key, source.read(), nested, arguments)
                if _size(known) <= MAX_BYTES:
                    with self._lock:
                        self._prepared[key] = known
        return known

    def _made(
        self, key: tuple[str, int], image: Image.Image, nested: bool, arguments: dict[str, Any]
    ) -> Photograph:
        prepared, placeholders = self._prepare(  # type: ignore[misc]
            [[image]] if nested else [image], **{**arguments, "return_tensors": "pt"}
        )
        return Photograph(key, self._kept(tensors_of(prepared)), placeholders[0] if placeholders else "")

    def _kept(self, tensors: dict[str, Any]) -> dict[str, Any]:
        return {
            name: tensor.to(self._dtype) if tensor.is_floating_point() else tensor
            for name, tensor in tensors.items()
        }


def tensors_of(prepared: Mapping[str, Any]) -> dict[str, Any]:
    """Returns those entries of a processor's output that are tensors."""
    import torch

    return {name: value for name, value in prepared.items() if isinstance(value, torch.Tensor)}


def _size(photograph: Photograph) -> int:
    return sum(int(tensor.nbytes) for tensor in photograph.tensors.values())


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="echo-photographs")
