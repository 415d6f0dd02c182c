"""What was used last, kept up to a number, for several threads at once."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Kept = TypeVar("Kept")


class Recent(Generic[Key, Kept]):
    """Keeps what was used last.

    Args:
        most: How many are kept, or how much by weight; what was used last is kept however heavy it is.
        weigh: Weight of one.
    """

    def __init__(self, most: float, weigh: Callable[[Kept], float] = lambda _: 1) -> None:
        self._most = most
        self._weigh = weigh
        self._weight = 0.0
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key, make: Callable[[], Kept]) -> Kept:
        """Returns what is kept under the key, made where it is not; two threads may both make it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        self.put(key, made)
        return made

    def put(self, key: Key, made: Kept) -> None:
        """Keeps something under a key."""
        with self._lock:
            if key in self._kept:
                self._weight -= self._weigh(self._kept.pop(key))
            self._kept[key] = made
            self._weight += self._weigh(made)
            while self._weight > self._most and len(self._kept) > 1:
                self._weight -= self._weigh(self._kept.popitem(last=False)[1])

    def __contains__(self, key: object) -> bool:
        """Tells whether something is kept under the key."""
        with self._lock:
            return key in self._kept
