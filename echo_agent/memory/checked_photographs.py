"""Photographs that were found to be what was stored: each is read once while its file stays as it is."""

import os
import threading

from cachetools import LRUCache

from echo_agent.errors import ImageError
from echo_agent.images.stored import read_stored
from echo_agent.state import ImageRef

KEPT = 4096


class CheckedPhotographs:
    """Holds photographs against their digests; one whose file has not changed since is not read again."""

    def __init__(self) -> None:
        self._found: LRUCache[ImageRef, tuple[int, int, int]] = LRUCache(KEPT)
        self._lock = threading.Lock()

    def check(self, image: ImageRef) -> None:
        """Does nothing where the photograph is there and is what was stored.

        Raises:
            ImageError: It is missing, cannot be read or is another one.
        """
        try:
            now = os.stat(image.uri)
        except OSError as error:
            raise ImageError(f"{image.uri} cannot be read ({error.strerror})") from error
        state = (now.st_mtime_ns, now.st_size, now.st_ino)
        with self._lock:
            known = self._found.get(image) == state
        if not known:
            read_stored(image)
            with self._lock:
                self._found[image] = state
