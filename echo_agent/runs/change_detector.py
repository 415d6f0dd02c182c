"""Whether numbers that come one after the other change: conformal test martingales, watched for a change."""

import math
import random
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np

PARTS_BETWEEN_FALSE_ALARMS = 10_000
"""Where nothing changes, an alarm comes once in so many parts at most, on average."""

POWERS = (0.2, 0.5)
"""Bets: a p-value p pays ``k p^(k - 1)``, the smaller k the more on small ones."""

FIRST = 20
RECENT = 10
"""So many values at the beginning, and now, are what a change is told by."""

MAX_KEPT = 50_000
"""After so many values the ranks begin anew, so that what is kept does not grow."""

SMALLEST_P = 1e-9


@dataclass(frozen=True)
class Stream:
    """A number that every part has.

    Attributes:
        name: Its name.
        rises: Whether a rise is a change.
        falls: Whether a fall is one.
        step: Smallest difference that counts; the values' own standard deviation where that is more.
    """

    name: str
    rises: bool = True
    falls: bool = True
    step: float = 0.0


@dataclass(frozen=True)
class Change:
    """A change that was found.

    Attributes:
        name: The stream that changed most surely.
        rises: Whether it rose.
        before: Median of its first values.
        now: Median of its last values.
        moved: For each stream how far it moved, in multiples of what counts; negative where it fell.
    """

    name: str
    rises: bool
    before: float
    now: float
    moved: Mapping[str, float]


@dataclass
class _Watched:
    """What is kept of a stream."""

    stream: Stream
    ranked: "array[float]"
    first: list[float]
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    statistics: dict[tuple[bool, float], float] = field(default_factory=dict)

    def add(self, value: float, chance: float) -> None:
        """Ranks a value among those before it, and moves the statistics by what the bets on its rank pay."""
        low, high = bisect_left(self.ranked, value), bisect_right(self.ranked, value)
        above = len(self.ranked) - high
        p_value = (above + chance * (high - low + 1)) / (len(self.ranked) + 1)
        self.ranked.insert(high, value)
        if len(self.ranked) > MAX_KEPT:
            del self.ranked[:]
        if len(self.first) < FIRST:
            self.first.append(value)
        self.recent.append(value)
        for rises, power in self.statistics:
            p = max(p_value if rises else 1 - p_value, SMALLEST_P)
            self.statistics[rises, power] = (1 + self.statistics[rises, power]) * power * p ** (power - 1)

    def moved(self) -> float:
        """How far the last values lie above the first, in multiples of what counts."""
        if len(self.recent) < RECENT or len(self.first) < 2:
            return 0.0
        step = max(self.stream.step, float(np.std(self.first)), 1e-12)
        return float(np.median(self.recent) - np.median(self.first)) / step


class ChangeDetector:
    """Watches several numbers of the same parts together.

    Each number is ranked among all before it. While parts are exchangeable, the ranks are independent and uniform
    (Vovk, Gammerman and Shafer 2005, theorem 8.2), so a bet on small or on large ones is a fair game: the capital is
    a martingale. The Shiryaev-Roberts statistic ``R = (1 + R) * pay`` sums the capital of games that begin at each
    part, so that a late change is found as fast as an early one. The mean of all statistics less the number of parts
    is a martingale again, so the mean reaches c once in c parts on average at most, and within n parts with a
    probability of at most n / c (Vovk 2021, "Conformal testing in a binary model situation", section 5; Doob).

    An alarm wants, beside c, that the number whose statistic is highest has moved far enough to matter; so it is
    rarer than promised.

    Args:
        streams: The numbers.
        known: Values of parts from before the first, such as the references'.
        between_false_alarms: c.
    """

    def __init__(
        self,
        streams: Iterable[Stream],
        known: Mapping[str, Iterable[float]] | None = None,
        between_false_alarms: int = PARTS_BETWEEN_FALSE_ALARMS,
    ) -> None:
        self._limit = between_false_alarms
        self._chance = random.Random(0)
        self._watched = {
            stream.name: self._begun(stream, (known or {}).get(stream.name, ())) for stream in streams
        }

    @staticmethod
    def _begun(stream: Stream, known: Iterable[float]) -> _Watched:
        values = list(known)
        directions = [rises for rises in (True, False) if (stream.rises if rises else stream.falls)]
        statistics = dict.fromkeys(product(directions, POWERS), 0.0)
        return _Watched(stream, array("d", sorted(values)), values[:FIRST], statistics=statistics)

    @property
    def statistic(self) -> float:
        """The mean of all statistics; an alarm from ``between_false_alarms`` on."""
        return float(np.mean([value for one in self._watched.values() for value in one.statistics.values()]))

    def add(self, values: Mapping[str, float]) -> Change | None:
        """Takes the numbers of the next part; a number that it lacks stays as it is.

        Returns:
            The change, where one is certain enough; then the watch begins anew, with what is now as the usual.
        """
        for name, value in values.items():
            if math.isfinite(value):
                self._watched[name].add(value, self._chance.random())
        if self.statistic < self._limit:
            return None
        _, name, rises = max(
            (value, name, rises)
            for name, one in self._watched.items()
            for (rises, _), value in one.statistics.items()
        )
        moved = {name: one.moved() for name, one in self._watched.items()}
        if (moved[name] if rises else -moved[name]) < 1:
            return None
        found = self._watched[name]
        change = Change(
            name=name,
            rises=rises,
            before=float(np.median(found.first)),
            now=float(np.median(found.recent)),
            moved=moved,
        )
        self._watched = {name: self._begun(one.stream, ()) for name, one in self._watched.items()}
        return change
