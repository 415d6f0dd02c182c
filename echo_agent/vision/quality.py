"""Whether a photograph can be judged: blur, exposure, noise, framing and size beside those of the references."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import scipy
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict

from echo_agent.state import ImageQuality
from echo_agent.vision.grain import MIN_ENERGY, PixelDetail

Grey = NDArray[np.float32]

FILE_NAME = "quality.json"
MAX_SIDE = 256
MIN_SIDE = 32
LAYOUT_SIDE = 16
LAYOUT_FLOOR = 0.05
USUAL_NOISE = 4.0
"""Grey levels of noise that photographs of one product differ by anyway."""

WHITE = 250
PRIOR_NORMALS = 20
TAIL = 0.001
SIZE_SLACK = math.log2(1.5)


@dataclass(frozen=True)
class Measure:
    """How a measure is bounded and told.

    Attributes:
        spread: Standard deviation that is supposed before any reference is seen; None for a range without statistics.
        low: What is wrong below the range; None where low values are harmless.
        high: What is wrong above it.
        unit: What is measured, with ``{}`` for the value.
        shown: From the measure's own scale to the value that is told.
    """

    spread: float | None
    low: str | None
    high: str | None
    unit: str
    shown: Callable[[float], float]


MEASURES = {
    "brightness": Measure(0.27, "too dark", "too bright", "mean grey level {:.0f}", lambda v: 2**v - 1),
    "highlights": Measure(0.1, None, "over-exposed", "{:.1f} % white pixels", lambda v: 100 * max(v, 0) ** 2),
    "sharpness": Measure(0.09, "blurred", None, "fine to coarse detail {:.2f}", lambda v: 2**v),
    "grain": Measure(0.04, "blurred or enlarged", None, "pixel to edge detail {:.2f}", lambda v: v),
    "noise": Measure(
        0.4,
        None,
        "noisy",
        "{:.1f} grey levels of noise more than usual",
        lambda v: max(0.0, 2**v - USUAL_NOISE),
    ),
    "size": Measure(None, "too small", "too large", "{:.0f} pixels a side", lambda v: 2**v),
    "shape": Measure(None, "too tall", "too wide", "width to height {:.2f}", lambda v: 2**v),
    "framing": Measure(
        0.7, None, "framed otherwise", "likeness of the layout {:.2f}", lambda v: 1 + LAYOUT_FLOOR - 2**v
    ),
}


class QualityRange(BaseModel):
    """The range of a measure, on the measure's own scale."""

    model_config = ConfigDict(frozen=True)

    low: float
    high: float


class QualityModel(BaseModel):
    """What the photographs of a product are like.

    Attributes:
        side: Side of the square whose area the working image has, in pixels.
        grain: The references' median grain, beside which noise is measured.
        ranges: Range of each measure.
        layouts: The references' layouts, see ``layout``.
        measured: The references' own values of each measure; none in models that were fitted before these were kept.
    """

    model_config = ConfigDict(frozen=True)

    side: int
    grain: float
    ranges: dict[str, QualityRange]
    layouts: tuple[tuple[float, ...], ...]
    measured: dict[str, tuple[float, ...]] = {}

    def judge(self, image: Image.Image) -> ImageQuality:
        """Compares an RGB image with the ranges.

        Returns:
            A finding for each measure out of its range: what is wrong, the value, and the range; and all values.
        """
        work = working_image(image, self.side)
        detail = PixelDetail.of(image)
        values = measure(image, work, detail) | {"noise": _noise(detail, self.grain)}
        if "framing" in self.ranges:
            values["framing"] = _framing(layout(work), self._all_layouts)
        findings = [
            finding
            for name, allowed in self.ranges.items()
            if (finding := _finding(MEASURES[name], values[name], allowed)) is not None
        ]
        return ImageQuality(
            acceptable=not findings,
            findings=tuple(findings),
            measured={name: round(value, 4) for name, value in values.items()},
        )

    @cached_property
    def _all_layouts(self) -> Grey:
        return np.array(self.layouts, dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Writes the model into a version's folder."""
        (folder / FILE_NAME).write_text(self.model_dump_json(), encoding="utf-8")


def fit_quality(images: Sequence[Image.Image]) -> QualityModel:
    """Finds the ranges from the references (RGB images, at least one).

    The range of a measure is the prediction interval for one further photograph (two-sided tail 0.1 % each) of a
    normal distribution with unknown mean and variance, where the variance starts from 20 supposed normals with the
    measure's own ``spread`` (scaled inverse chi-squared prior; Gelman et al., Bayesian Data Analysis, 3rd ed.,
    section 3.3)::

        mean +- t(0.999; 20 + n - 1) * s * sqrt(1 + 1/n),    s^2 = (20 spread^2 + sum (x - mean)^2) / (20 + n - 1)

    So four references that happen to look alike do not make a narrow range, as their minimum and maximum would, and
    64 references with a spread of their own make it wide. Size and shape follow no such distribution (one camera, or
    cut-outs of any size): their range is that of the references, widened by its own length and by a factor 1.5.
    Framing is the likeness to the nearest other reference, so a single reference bounds none.
    """
    areas = [image.width * image.height for image in images]
    side = max(MIN_SIDE, min(MAX_SIDE, math.floor(min(areas) ** 0.5)))
    measured, details, drawn = [], [], []
    for image in images:
        work, detail = working_image(image, side), PixelDetail.of(image)
        measured.append(measure(image, work, detail))
        details.append(detail)
        drawn.append(layout(work))
    layouts = np.stack(drawn)
    grain = float(np.median([detail.grain for detail in details]))
    columns = {name: [values[name] for values in measured] for name in measured[0]}
    columns["noise"] = [_noise(detail, grain) for detail in details]
    if len(images) > 1:
        columns["framing"] = [
            _framing(own, np.delete(layouts, index, axis=0)) for index, own in enumerate(layouts)
        ]
    return QualityModel(
        side=side,
        grain=grain,
        ranges={name: _range(values, MEASURES[name].spread) for name, values in columns.items()},
        layouts=tuple(tuple(round(float(value), 4) for value in row) for row in layouts),
        measured={name: tuple(round(value, 4) for value in values) for name, values in columns.items()},
    )


def working_image(image: Image.Image, side: int) -> Image.Image:
    """The image at the area of a square of ``side`` pixels, its aspect ratio kept."""
    factor = side / (image.width * image.height) ** 0.5
    size = (max(8, round(image.width * factor)), max(8, round(image.height * factor)))
    return image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def measure(image: Image.Image, work: Image.Image, detail: PixelDetail) -> dict[str, float]:
    """Measures an RGB image, each value on a scale on which photographs of a product spread evenly.

    Args:
        image: The image.
        work: The same at its product's working size, see ``working_image``.
        detail: Detail between its pixels.

    Returns:
        ``brightness``: log2 of mean grey level + 1. ``highlights``: root of the share of pixels of 250 or more.
        ``sharpness``: log2 of the detail of 2 pixels to that of 4 of the working image. ``grain``: see
        ``PixelDetail``. ``size``: log2 of the root of the area. ``shape``: log2 of width to height.
    """
    width, height = image.size
    grey = np.asarray(work.convert("L"), dtype=np.float32)
    fine, coarser = _detail(grey)
    coarse, _ = _detail(coarser)
    return {
        "brightness": math.log2(float(grey.mean()) + 1),
        "highlights": float((grey >= WHITE).mean()) ** 0.5,
        "sharpness": _half_log(fine, coarse),
        "grain": detail.grain,
        "size": 0.5 * math.log2(width * height),
        "shape": math.log2(width / height),
    }


def layout(work: Image.Image) -> Grey:
    """Where a working image is light, dark and coloured: 16 x 16 x 3 values, about their means, of unit length."""
    small = work.resize((LAYOUT_SIDE, LAYOUT_SIDE), Image.Resampling.BOX)
    values = np.asarray(small, dtype=np.float32).reshape(-1, 3)
    values = (values - values.mean(axis=0)).ravel()
    result: Grey = values / max(float(np.linalg.norm(values)), 1e-6)
    return result


def _framing(own: Grey, others: Grey) -> float:
    """log2 of how little a layout is like the nearest of others: 0 for nothing in common."""
    return math.log2(max(0.0, 1.0 - float((others @ own).max())) + LAYOUT_FLOOR)


def _detail(grey: Grey) -> tuple[float, Grey]:
    """Mean variance within 2 x 2 pixels (a Haar band's energy), and the image at half the size."""
    rows, columns = grey.shape[0] // 2, grey.shape[1] // 2
    blocks = grey[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
    means: Grey = blocks.mean(axis=(1, 3))
    return float((blocks * blocks).mean() - (means * means).mean()), means


def _noise(detail: PixelDetail, usual_grain: float) -> float:
    """log2 of the noise beyond the references' grain, in grey levels, and of what differs anyway."""
    return math.log2(detail.noise(usual_grain) + USUAL_NOISE)


def _half_log(upper: float, lower: float) -> float:
    return 0.5 * math.log2((max(upper, 0.0) + MIN_ENERGY) / (max(lower, 0.0) + MIN_ENERGY))


def _range(values: Sequence[float], spread: float | None) -> QualityRange:
    """See ``fit_quality``."""
    if spread is None:
        slack = SIZE_SLACK + max(values) - min(values)
        return QualityRange(low=min(values) - slack, high=max(values) + slack)
    count, mean = len(values), float(np.mean(values))
    freedom = PRIOR_NORMALS + count - 1
    squares = PRIOR_NORMALS * spread**2 + sum((value - mean) ** 2 for value in values)
    reach = float(scipy.stats.t.ppf(1 - TAIL, freedom)) * math.sqrt(squares / freedom * (1 + 1 / count))
    return QualityRange(low=mean - reach, high=mean + reach)


def _finding(rule: Measure, value: float, allowed: QualityRange) -> str | None:
    wrong = None
    if value < allowed.low:
        wrong = rule.low
    elif value > allowed.high:
        wrong = rule.high
    if wrong is None:
        return None
    ends = sorted((rule.shown(allowed.low), rule.shown(allowed.high)))
    if rule.low is None:
        falling = rule.shown(allowed.high) < rule.shown(allowed.low)
        bound = f"at least {_plain(ends[0])}" if falling else f"at most {_plain(ends[1])}"
    elif rule.high is None:
        bound = f"at least {_plain(ends[0])}"
    else:
        bound = f"{_plain(ends[0])} to {_plain(ends[1])}"
    return f"{wrong} ({rule.unit.format(rule.shown(value))}; the references allow {bound})"


def _plain(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.2f}"
