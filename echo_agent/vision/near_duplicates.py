"""Photographs that show the same part at the same moment: frames of a burst, copies saved anew, crops, small shifts.

Good parts of one product differ in fine detail; photographs of one and the same part share it, wherever it moved to.
So the fine detail of two photographs is laid over each other and correlated, and a pair that correlates far more than
pairs of the product usually do is one part.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray
from PIL import Image

from echo_agent.vision.features import Array

SIDE = 128
"""Photographs are compared at this size, whatever their aspect ratio."""

FINE, COARSE = 0.7, 2.5
"""Standard deviations in pixels between which detail counts: finer is noise and compression, coarser is the design."""

SCALES = (0.92, 0.95, 0.975, 1.0, 1.025, 1.05, 1.08)
TURNS = (-2.5, -1.25, 0.0, 1.25, 2.5)
"""Scales and degrees that one photograph is laid over the other in; shifts up to ``REACH`` are found beside them."""

REFINED = 3
"""Of these, so many that fit best are correlated exactly."""

REACH = SIDE // 10
MARGIN = SIDE // 8
"""Pixels at the border that take no part in the correlation."""

USUAL_SHARE = 0.5
"""The correlation that so many pairs stay below is taken as that of different parts."""

NEARNESS = 0.70
"""Share of the way from there to 1 from which on two photographs show one part. Chosen on the references of eleven
products, on solar cells, and on copies of them (saved anew, shifted, cropped, darker, noisy)."""

ALL_ONE = 0.90
"""Where pairs correlate so much as a rule, all may be of one part: then those are that correlate as much."""

MAX_LIMIT = 0.95
"""A higher correlation is asked for of no pair."""

FLAT = 1e-3
"""Detail of less length in all is none."""

CONTRAST_REACH, CONTRAST_FLOOR = 4.0, 0.02
"""Detail is divided by its own strength within so many pixels, at least this one (of a logarithm): strong edges of the
design count no more than the grain of a surface."""

ALL_PAIRS_TO = 24
"""Up to so many photographs all pairs are compared; of more each with those that are likeliest."""

LIKELIEST = 6
"""Photographs that each is compared with by embedding, by plain correlation and by order, where there are many."""


def near_duplicates(images: Sequence[Image.Image], embeddings: Array) -> tuple[int, ...]:
    """Groups photographs that show the same part at the same moment.

    Args:
        images: RGB photographs, in the order in which they were taken where that is known.
        embeddings: Their embeddings ``(images, dimensions)``, of unit length.

    Returns:
        The group of each photograph, numbered from 0 in the order of their first photographs. Two photographs are in
        one group where a chain of near-duplicates leads from one to the other.
    """
    details = np.stack([fine_detail(image) for image in images])
    pairs = list(_candidates(details, embeddings))
    found = _correlations(details, pairs)
    limit = _limit(details, found)
    group = list(range(len(images)))
    for (first, second), correlation in found.items():
        if correlation >= limit and group[first] != group[second]:
            old, new = sorted((group[first], group[second]), reverse=True)
            group = [new if other == old else other for other in group]
    order = {one: number for number, one in enumerate(dict.fromkeys(group))}
    return tuple(order[one] for one in group)


def fine_detail(image: Image.Image) -> Array:
    """The fine detail of a photograph, whatever its light.

    Args:
        image: An RGB photograph.

    Returns:
        ``(SIDE, SIDE)``, float32: the band between ``FINE`` and ``COARSE`` of the logarithm of its brightness, with the
        same strength everywhere.
    """
    grey = np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.float32)
    light = np.log(grey + 8.0)
    band = scipy.ndimage.gaussian_filter(light, FINE) - scipy.ndimage.gaussian_filter(light, COARSE)
    strength = scipy.ndimage.gaussian_filter(band * band, CONTRAST_REACH)
    return np.asarray(band / np.sqrt(strength + CONTRAST_FLOOR**2), dtype=np.float32)


def _limit(details: Array, found: dict[tuple[int, int], float]) -> float:
    """The correlation from which on a pair is one part, from what is usual among photographs taken at random."""
    if len(details) > ALL_PAIRS_TO:
        chosen = np.random.default_rng(0).choice(len(details), (ALL_PAIRS_TO * 6, 2))
        sample = {(int(min(pair)), int(max(pair))) for pair in chosen if pair[0] != pair[1]}
        found = _correlations(details, sorted(sample, key=lambda pair: pair[1]))
    if not found:
        return ALL_ONE
    usual = float(np.quantile(list(found.values()), USUAL_SHARE))
    return ALL_ONE if usual >= ALL_ONE else min(MAX_LIMIT, usual + NEARNESS * (1.0 - usual))


def _candidates(details: Array, embeddings: Array) -> Iterator[tuple[int, int]]:
    """Pairs ``(earlier, later)`` that may be one part, those of one later photograph together."""
    count = len(details)
    if count <= ALL_PAIRS_TO:
        yield from ((first, second) for second in range(count) for first in range(second))
        return
    small = details.reshape(count, SIDE // 2, 2, SIDE // 2, 2).mean(axis=(2, 4)).reshape(count, -1)
    small /= np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6)
    for second in range(1, count):
        likely = set(range(max(0, second - LIKELIEST), second))
        for vectors in (embeddings, small):
            alike = vectors[:second] @ vectors[second]
            likely |= {int(index) for index in np.argsort(-alike)[:LIKELIEST]}
        yield from ((first, second) for first in sorted(likely))


def _correlations(details: Array, pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], float]:
    """The highest correlation of each pair over all scales, turns and shifts."""
    found: dict[tuple[int, int], float] = {}
    known, laid = -1, _Laid(details[0])
    for first, second in pairs:
        if second != known:
            known, laid = second, _Laid(details[second])
        found[first, second] = laid.correlation(details[first])
    return found


class _Laid:
    """The detail of a photograph in all scales and turns, ready to be laid over others.

    Args:
        detail: See ``fine_detail``.
    """

    def __init__(self, detail: Array) -> None:
        self._views = [_moved(detail, scale, turn) for scale in SCALES for turn in TURNS]
        self._spectra = [np.conj(scipy.fft.rfft2(view * _WINDOW)) for view in self._views]

    def correlation(self, other: Array) -> float:
        """The highest correlation (-1 to 1) with another photograph's detail."""
        spectrum = scipy.fft.rfft2(other * _WINDOW)
        inner = slice(MARGIN, SIDE - MARGIN)
        plain = _centred(other[inner, inner])
        middle = slice(SIDE // 2 - REACH, SIDE // 2 + REACH + 1)
        peaks = []
        for view, turned in zip(self._views, self._spectra, strict=True):
            near = scipy.fft.fftshift(scipy.fft.irfft2(spectrum * turned))[middle, middle]
            at = int(near.argmax())
            peaks.append((float(near.flat[at]), at, view))
        peaks.sort(key=lambda peak: -peak[0])
        best = -1.0
        for _, at, view in peaks[:REFINED]:
            shift = tuple(place - REACH for place in divmod(at, 2 * REACH + 1))
            over = _centred(np.roll(view, shift, (0, 1))[inner, inner])
            best = max(best, float((plain * over).sum()))
        return best


def _moved(detail: Array, scale: float, degrees: float) -> NDArray[np.float32]:
    angle, middle = np.deg2rad(degrees), np.full(2, (SIDE - 1) / 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    moved = scipy.ndimage.affine_transform(
        detail, turn, offset=middle - turn @ middle, order=1, mode="reflect"
    )
    return np.asarray(moved, dtype=np.float32)


def _centred(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values without their mean, of length 1; what is flat correlates with what is flat."""
    centred = values - values.mean()
    length = float(np.linalg.norm(centred))
    if length < FLAT:
        return np.full_like(values, 1.0 / np.sqrt(values.size))
    return np.asarray(centred / length, dtype=np.float32)


_WINDOW = np.outer(np.hanning(SIDE), np.hanning(SIDE)).astype(np.float32)
