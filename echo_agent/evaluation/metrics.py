"""Detection metrics of images (scikit-learn) and pixels (adeval), and accuracy without the least sure answers."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echo_agent.errors import DatasetError, MissingExtraError
from echo_agent.files import replacing
from echo_agent.state import Value

PIXEL_STEPS = 20_000
COUNTS = ("pos_stat", "neg_stat", "weighted_pos_stat", "weighted_neg_stat")
"""What adeval has counted in its bins."""

TIE = 1e-6
"""Probabilities that differ by less are equal."""

SET_ASIDE = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)


class ImageMetrics(Value):
    """How well image scores tell defective from normal images; None where only one of the two is present.

    Attributes:
        auroc: Area under the ROC curve, 0..1.
        average_precision: Average precision with defective as the positive class, 0..1.
        f1_max: Highest F1 over all thresholds, 0..1.
    """

    auroc: float | None = None
    average_precision: float | None = None
    f1_max: float | None = None


class PixelMetrics(Value):
    """How well anomaly maps find the defects; None where no mask was given.

    Attributes:
        auroc: Area under the pixels' ROC curve, 0..1.
        aupro: Area under the per-region overlap up to a false-positive rate of 0.3, divided by 0.3.
        aupro_05: The same up to a false-positive rate of 0.05, divided by 0.05.
    """

    auroc: float | None = None
    aupro: float | None = None
    aupro_05: float | None = None


def image_metrics(scores: Sequence[float], defective: Sequence[bool]) -> ImageMetrics:
    """Scores a ranking of images.

    Args:
        scores: Image scores, higher is more suspicious.
        defective: Whether each image is defective.

    Returns:
        The metrics; all None unless both normal and defective images are given.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score
    except ImportError as error:
        raise MissingExtraError("scikit-learn", "eval") from error
    if len(set(defective)) < 2:
        return ImageMetrics()
    truth, values = np.asarray(defective, dtype=bool), np.asarray(scores, dtype=np.float64)
    precision, recall, _ = precision_recall_curve(truth, values)
    total = precision + recall
    f1 = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
    return ImageMetrics(
        auroc=float(roc_auc_score(truth, values)),
        average_precision=float(average_precision_score(truth, values)),
        f1_max=float(f1.max()),
    )


class PixelAccumulator:
    """Pixel metrics over any number of maps, whose sizes may differ, in constant memory.

    adeval counts the values of all maps in ``PIXEL_STEPS`` bins. ROC and PRO depend on the order of values
    alone, so a map value ``v`` is counted as ``v / (1 + |v|)``: no range has to be known beforehand.

    Attributes:
        names: Images that are done, as the caller names them.

    Raises:
        MissingExtraError: adeval is not installed.
    """

    def __init__(self) -> None:
        try:
            from adeval import EvalAccumulator
        except ImportError as error:
            raise MissingExtraError("adeval", "eval") from error
        self._accumulator: Any = EvalAccumulator(-1.0, 1.0, nstrips=PIXEL_STEPS)
        self._defect_pixels = 0
        self.names: list[str] = []

    @classmethod
    def saved(cls, file: Path) -> "PixelAccumulator":
        """Goes on from what ``save`` wrote; begins anew where there is no file.

        Raises:
            DatasetError: The file is broken.
        """
        pixels = cls()
        if file.is_file():
            try:
                with np.load(file, allow_pickle=False) as kept:
                    pixels.names = [str(name) for name in kept["names"]]
                    pixels._defect_pixels = int(kept["defect_pixels"])
                    for name in COUNTS:
                        setattr(pixels._accumulator._pixel_acc, name, kept[name])
            except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
                raise DatasetError(f"{file} is broken ({error}): begin anew in another --out") from error
        return pixels

    def save(self, file: Path) -> None:
        """Keeps the counts so far, with the names of the images that were counted or had nothing to count."""
        curves = self._accumulator._pixel_acc
        counts = {name: getattr(curves, name) for name in COUNTS}
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as stream:
            np.savez(stream, names=np.array(self.names), defect_pixels=self._defect_pixels, **counts)

    def add(self, anomaly_map: NDArray[np.floating[Any]], mask: NDArray[np.bool_]) -> None:
        """Counts the pixels of one image.

        Args:
            anomaly_map: ``(height, width)``, higher is more suspicious.
            mask: ``(height, width)``, True on the defect; all False for a normal image.

        Raises:
            ValueError: The two differ in shape.
        """
        if anomaly_map.shape != mask.shape:
            raise ValueError(f"map {anomaly_map.shape} and mask {mask.shape} differ in shape")
        values = anomaly_map.astype(np.float32)
        self._accumulator.add_anomap(values / (1 + np.abs(values)), mask.astype(np.uint8))
        self._defect_pixels += int(mask.sum())

    def metrics(self) -> PixelMetrics:
        """Returns the metrics over all maps so far; all None while no mask has marked a pixel."""
        if not self._defect_pixels:
            return PixelMetrics()
        # adeval's summary calls numpy.trapz, which numpy 2.4 no longer has: its curves are integrated here.
        curves = self._accumulator._pixel_acc
        false_positive, true_positive, _ = curves.roc()
        _, overlap, _ = curves.weighted_roc()
        return PixelMetrics(
            auroc=_area(false_positive, true_positive, 1.0),
            aupro=_area(false_positive, overlap, 0.3),
            aupro_05=_area(false_positive, overlap, 0.05),
        )


def _area(false_positive: NDArray[np.float64], rate: NDArray[np.float64], limit: float) -> float:
    """Area under ``rate`` over ``false_positive`` from 0 to ``limit``, as a share of ``limit``."""
    from sklearn.metrics import auc

    x, y = np.append(false_positive[::-1], 1.0), np.append(rate[::-1], 1.0)
    x, y = np.insert(x, 0, 0.0), np.insert(y, 0, 0.0)
    inside = x < limit
    x_end, y_end = np.append(x[inside], limit), np.append(y[inside], np.interp(limit, x, y))
    return float(auc(x_end, y_end) / limit)


class Coverage(Value):
    """One row of the risk-coverage table.

    Attributes:
        set_aside: Share of the answers, the least sure first, that go to a person.
        answered: Answers that remain.
        accuracy: Share of right ones among them.
    """

    set_aside: float
    answered: int
    accuracy: float | None


def risk_coverage(confidence: Sequence[float], right: Sequence[bool]) -> tuple[Coverage, ...]:
    """Accuracy after the least sure answers are set aside.

    Args:
        confidence: Confidence of each answer, 0..1.
        right: Whether each is right.

    Returns:
        A row for each share in ``SET_ASIDE``. Where the cut falls among equally sure answers, their mean
        accuracy counts, so that the order of the answers does not matter.
    """
    sure, hits = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    for value in np.unique(sure):
        hits[sure == value] = hits[sure == value].mean()
    ranked = hits[np.argsort(-sure, kind="stable")]
    rows = []
    for share in SET_ASIDE:
        answered = len(ranked) - round(share * len(ranked))
        rows.append(
            Coverage(
                set_aside=share,
                answered=answered,
                accuracy=float(ranked[:answered].mean()) if answered else None,
            )
        )
    return tuple(rows)


def tied(probabilities: Mapping[str, float]) -> bool:
    """Whether the likeliest options are equally likely: the chosen one is no better than a guess."""
    ranked = sorted(probabilities.values(), reverse=True)
    return len(ranked) > 1 and ranked[0] - ranked[1] < TIE
