"""Figures of many parts: how their scores are spread beside the thresholds, and how many came in each hour."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echo_agent.report.entry import Entry
from echo_agent.state.notation import MEANING

BINS = 30
MAX_THRESHOLDS = 3
APART = 0.1
"""Share by which thresholds differ that are shown both."""
MAX_BARS = 48
"""Hours that are shown; more are put together into days."""


@dataclass(frozen=True)
class Bar:
    """A bar: where it begins (in words), and how many parts of each label it holds."""

    name: str
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """How many parts it holds."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Histogram:
    """Scores in bins.

    Attributes:
        bars: The bins from 0 on.
        end: Where the last one ends; higher scores are in it.
        thresholds: Thresholds that were in force.
    """

    bars: tuple[Bar, ...]
    end: float
    thresholds: tuple[float, ...]

    @property
    def highest(self) -> int:
        """Parts of the fullest bin."""
        return max((bar.total for bar in self.bars), default=0)


def score_histogram(entries: Sequence[Entry]) -> Histogram | None:
    """Puts the scores of parts into bins; None where fewer than two have one.

    The last bin holds all from the end on, which is at twice the highest threshold or at the 99th percentile.
    """
    scored = [entry.verdict for entry in entries if entry.verdict.score is not None]
    if len(scored) < 2:
        return None
    scores = [verdict.score or 0.0 for verdict in scored]
    found = Counter(round(verdict.threshold, 2) for verdict in scored if verdict.threshold is not None)
    thresholds: list[float] = []
    for value, _ in found.most_common():
        if all(abs(value - other) > APART * value for other in thresholds):
            thresholds.append(value)
    thresholds = sorted(thresholds[:MAX_THRESHOLDS])
    end = max(*(2 * value for value in thresholds), float(np.percentile(scores, 99)), 1e-6, 0.0)
    counts: list[Counter[str]] = [Counter() for _ in range(BINS)]
    for verdict, score in zip(scored, scores, strict=True):
        counts[min(BINS - 1, max(0, int(BINS * score / end)))][verdict.label] += 1
    bars = tuple(Bar(f"{number * end / BINS:.2f}", _ordered(count)) for number, count in enumerate(counts))
    return Histogram(bars, end, tuple(thresholds))


def score_edges(groups: Iterable[Sequence[float]], bins: int = BINS) -> NDArray[np.float64]:
    """Edges of bins over all scores, on a logarithmic scale: defective parts may score many times a good one's."""
    scores = np.concatenate([np.asarray(group) for group in groups])
    low, high = max(float(scores.min()), 1e-3), max(float(scores.max()), 2e-3)
    return np.geomspace(low * 0.999, max(high, low * 1.01) * 1.001, bins + 1)


@dataclass(frozen=True)
class Spread:
    """Scores of groups of parts, in bins on a logarithmic scale.

    Attributes:
        bars: The bins, with the parts of each group in them; none where there are no scores.
        edges: Their edges.
        threshold: Score above which a part stands out; None while uncalibrated.
    """

    bars: tuple[Bar, ...]
    edges: tuple[float, ...]
    threshold: float | None

    @property
    def highest(self) -> int:
        """Parts of the fullest bin."""
        return max((bar.total for bar in self.bars), default=0)

    @property
    def totals(self) -> dict[str, int]:
        """How many parts of each group there are."""
        return dict(sum((Counter(bar.counts) for bar in self.bars), Counter()))

    @property
    def ticks(self) -> list[tuple[float, float]]:
        """Places from 0 to 1, and the scores there."""
        return [(number / 4, self.edges[number * (len(self.edges) - 1) // 4]) for number in range(5)]

    @property
    def threshold_at(self) -> float | None:
        """Where the threshold lies, from 0 (first edge) to 1 (last)."""
        if self.threshold is None:
            return None
        low, high = self.edges[0], self.edges[-1]
        return float(np.clip(np.log(max(self.threshold, low) / low) / np.log(high / low), 0.0, 1.0))


def spread_of(groups: Mapping[str, Sequence[float]], threshold: float | None) -> Spread:
    """Puts the scores of groups into bins.

    Args:
        groups: Scores by the group's name.
        threshold: Score above which a part stands out.
    """
    present = {name: scores for name, scores in groups.items() if scores}
    if not present:
        return Spread((), (), threshold)
    edges = score_edges(present.values())
    counts = {name: np.histogram(scores, bins=edges)[0].tolist() for name, scores in present.items()}
    bars = tuple(
        Bar(
            f"{edges[number]:.2f} to {edges[number + 1]:.2f}",
            {name: found[number] for name, found in counts.items()},
        )
        for number in range(len(edges) - 1)
    )
    return Spread(bars, tuple(edges.tolist()), threshold)


def by_hour(entries: Sequence[Entry]) -> tuple[Bar, ...]:
    """Counts parts by the hour in which they were decided, UTC; by the day where there are many hours."""
    moments = [(entry.when, entry.verdict.label) for entry in entries if entry.when is not None]
    for length in (13, 10):  # 2026-11-26T13, 2026-11-26
        found: dict[str, Counter[str]] = {}
        for when, label in moments:
            found.setdefault(when[:length].replace("T", " "), Counter())[label] += 1
        if len(found) <= MAX_BARS:
            break
    hour = ":00" if any(len(name) > 10 for name in found) else ""
    return tuple(Bar(name + hour, _ordered(found[name])) for name in sorted(found))


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return {label: counts[label] for label in MEANING}
