"""From what a model scored to a probability that means something, fitted on labelled images."""

import datetime
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from echo_agent.errors import ModelError
from echo_agent.files import replacing
from echo_agent.mllm.case import Path as DecisionPath
from echo_agent.state import Probability, Value

Method = Literal["platt", "temperature"]
_EDGE = 1e-6
_MIN_PER_CLASS = 5
_FOLDS = 5


class Calibration(Value):
    """How one model's word on one path becomes a probability.

    ``P(defective) = sigmoid(weight * logit(model) + evidence_weight * logit(evidence) + offset)``

    Attributes:
        model: Id or folder of the model.
        revision: Its revision.
        path: ``fast`` or ``reasoned``.
        method: ``platt`` (weight and offset; J. Platt, 1999) or ``temperature`` (weight only; Guo et al.,
            2017).
        weight: Weight of the model's log-odds (1 / temperature).
        evidence_weight: Weight of the evidence's log-odds.
        offset: Offset, which takes a liking for one label away.
        normal: Labelled normal images it was fitted on.
        defective: Labelled defective images.
        ece_before: Expected calibration error of the model's own word (0 to 1).
        ece_after: The same of the fitted probability, on images held out from the fit.
        fitted: Date and time, ISO 8601.
    """

    model: str
    revision: str
    path: DecisionPath
    method: Method = "platt"
    weight: float
    evidence_weight: float = 0.0
    offset: float = 0.0
    normal: int = Field(ge=0)
    defective: int = Field(ge=0)
    ece_before: Probability
    ece_after: Probability
    fitted: str


def logit(probability: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns log-odds of probabilities, kept finite at 0 and 1."""
    p = np.clip(np.asarray(probability, dtype=np.float64), _EDGE, 1 - _EDGE)
    return np.log(p) - np.log1p(-p)


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import expit

    return np.asarray(expit(x), dtype=np.float64)


def join(model: float, evidence: float | None, calibration: Calibration | None) -> float:
    """Joins a model's P(defective) with that of the evidence.

    Without a calibration both count alike: the mean of their log-odds (a logarithmic opinion pool, Genest and
    Zidek, 1986). A calibration replaces that by what the labelled images showed each to be worth.

    Args:
        model: P(defective) as the model scored it.
        evidence: P(defective) by the measured evidence; None where there is none.
        calibration: Fitted weights of this model and path.

    Returns:
        P(defective), 0 to 1.
    """
    own = logit(model)
    if calibration is not None:
        measured = logit(0.5 if evidence is None else evidence)
        joined = calibration.weight * own + calibration.evidence_weight * measured + calibration.offset
    else:
        joined = own if evidence is None else (own + logit(evidence)) / 2
    return float(_sigmoid(joined))


def expected_calibration_error(
    confidence: Sequence[float], right: Sequence[bool], *, bins: int = 10
) -> float:
    """Mean distance of confidence and share over bins of equal width, weighted by what is in them.

    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, equation 3.

    Args:
        confidence: Confidence of each answer, or P(defective) of each image, 0..1; at least one.
        right: Whether each is right, or defective.
        bins: Number of bins.

    Returns:
        The error in 0..1.
    """
    sure, hits = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    # A confidence on an edge belongs to the bin below it, as in the paper's (low, high].
    place = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.abs(np.bincount(place, sure, bins) - np.bincount(place, hits, bins))
    return float(gaps.sum() / len(sure))


def fit(
    model: str,
    revision: str,
    path: DecisionPath,
    probabilities: Sequence[float],
    labels: Sequence[bool],
    *,
    evidence: Sequence[float] | None = None,
    method: Method = "platt",
) -> Calibration:
    """Fits a calibration on labelled images.

    Args:
        model: Id or folder of the model.
        revision: Its revision.
        path: The path that the probabilities were scored on.
        probabilities: The model's P(defective) of each image.
        labels: Whether each is defective.
        evidence: P(defective) of each by the measured evidence.
        method: ``platt``, or ``temperature`` where there are few images.

    Raises:
        ModelError: Fewer than five images of a class.
    """
    y = np.asarray(labels, dtype=bool)
    if min(int(y.sum()), int((~y).sum())) < _MIN_PER_CLASS:
        raise ModelError(
            f"calibration needs {_MIN_PER_CLASS} normal and {_MIN_PER_CLASS} defective parts at least, "
            f"got {int((~y).sum())} and {int(y.sum())}"
        )
    columns = [logit(np.asarray(probabilities))]
    columns += [] if evidence is None else [logit(np.asarray(evidence))]
    features = np.column_stack([*columns, np.ones(len(y)) if method == "platt" else np.zeros(len(y))])
    weights = _logistic(features, y)
    return Calibration(
        model=model,
        revision=revision,
        path=path,
        method=method,
        weight=float(weights[0]),
        evidence_weight=float(weights[1]) if evidence is not None else 0.0,
        offset=float(weights[-1]),
        normal=int((~y).sum()),
        defective=int(y.sum()),
        ece_before=expected_calibration_error(probabilities, labels),
        ece_after=expected_calibration_error(_held_out(features, y).tolist(), labels),
        fitted=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def _logistic(features: NDArray[np.float64], labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Fits a logistic regression with Platt's softened targets: separable classes keep finite weights."""
    from scipy.optimize import minimize

    positive, negative = int(labels.sum()), int((~labels).sum())
    targets = np.where(labels, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        x = features @ weights
        value = np.logaddexp(0, x) - targets * x
        gradient = features.T @ (_sigmoid(x) - targets)
        return float(value.sum() + 0.5e-3 * weights @ weights), gradient + 1e-3 * weights

    bounds = [(0.0, None)] * (features.shape[1] - 1) + [(None, None)]
    start = np.append(np.full(features.shape[1] - 1, 0.5), 0.0)
    return np.asarray(minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x)


def _held_out(features: NDArray[np.float64], labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Returns the probability of each image by a fit on the folds that it is not in."""
    folds = np.empty(len(labels), dtype=int)
    for value in (True, False):
        chosen = np.flatnonzero(labels == value)
        folds[chosen] = np.arange(len(chosen)) % _FOLDS
    probabilities = np.empty(len(labels))
    for fold in range(_FOLDS):
        out = folds == fold
        probabilities[out] = _sigmoid(features[out] @ _logistic(features[~out], labels[~out]))
    return probabilities


def _file(folder: Path, model: str, path: DecisionPath) -> Path:
    words = re.sub(r"[^A-Za-z0-9.-]+", "-", model).strip("-.")[-60:]
    return folder / f"{words}-{hashlib.sha256(model.encode()).hexdigest()[:8]}-{path}.json"


def save(folder: Path, calibration: Calibration) -> Path:
    """Writes a calibration below a folder, whole or not at all, and returns its file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = _file(folder, calibration.model, calibration.path)
    with replacing(file) as stream:
        stream.write(json.dumps(calibration.model_dump(), indent=2).encode())
    return file


def stored(folder: Path, model: str, revision: str, path: DecisionPath) -> Calibration | None:
    """Returns the calibration of a model, revision and path; None where none was fitted for just these.

    Raises:
        ModelError: The file is broken.
    """
    file = _file(folder, model, path)
    if not file.is_file():
        return None
    try:
        calibration = Calibration.model_validate_json(file.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise ModelError(f"{file} cannot be read: run echo-agent calibrate again, or delete it") from error
    return calibration if (calibration.model, calibration.revision) == (model, revision) else None
