"""Features of photographs, kept on the device."""

import threading
from typing import Any

from cachetools import LRUCache

MAX_BYTES = 512 * 2**20
"""Features that are kept: those of some eighty photographs of 448 px for a model of eight billion weights."""


class FeatureCache:
    """Features by photograph, the least recently used ones dropped."""

    def __init__(self) -> None:
        self._known: LRUCache[Any, Any] = LRUCache(MAX_BYTES, lambda seen: seen.nbytes)
        self._lock = threading.Lock()

    def get(self, key: Any) -> Any:
        """Returns a photograph's features; None where they are not known."""
        with self._lock:
            return self._known.get(key)

    def put(self, key: Any, seen: Any) -> None:
        """Keeps a photograph's features."""
        if seen.nbytes <= MAX_BYTES:
            with self._lock:
                self._known[key] = seen

    def forget(self) -> None:
        """Drops all, so that their memory can be used again."""
        with self._lock:
            self._known.clear()
