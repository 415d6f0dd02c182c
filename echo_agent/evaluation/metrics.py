"""Detection metrics of images and pixels: scikit-learn for images, adeval's accumulated curves for pixels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echo_agent.errors import MissingExtraError
from echo_agent.state import Value

PIXEL_STEPS = 20_000


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
