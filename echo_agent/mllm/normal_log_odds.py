"""A model's calibration from good parts alone: its log-odds on the references, each judged beside another.

Five labelled defects are often not to be had; references are. A part's log-odds and its evidence score are ranked
among those of the references, so the joined p-value keeps the same promise as the evidence's own: where part and
references are exchangeable, it is at most ``a`` for a good part with probability ``a`` at most (Vovk et al., 2005).
"""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from echo_agent.errors import ModelError
from echo_agent.files import replacing
from echo_agent.mllm.confidence import logit
from echo_agent.state import Value


class NormalLogOdds(Value):
    """What a model made of a product's references, each left out of what it was shown.

    Attributes:
        product: Name of the product.
        model: Id or folder of the model.
        revision: Its revision.
        references: Digest of the references, so that it serves these alone.
        log_odds: The model's log-odds of ``defective`` on each.
        scores: Their evidence scores against the others, positive, in the same order.
        fitted: Date and time, ISO 8601.
    """

    product: str
    model: str
    revision: str
    references: str
    log_odds: tuple[float, ...] = Field(min_length=2)
    scores: tuple[float, ...] = Field(min_length=2)
    fitted: str

    def p_value(self, defective: float) -> float:
        """Returns the share of good parts that the model is expected to call as likely defective.

        Args:
            defective: The model's P(defective) of a part, shown as the references were.
        """
        own = np.append(np.array(self.log_odds), logit(defective))
        return _share_as_high(own)

    def joint_p_value(self, defective: float, score: float) -> float:
        """Joins the model's word on a part with its evidence score.

        Log-odds and log scores are put on the scale of part and references together, and added; the p-value is the
        share of these sums, the part's own included, that are as high as the part's. The two need not be independent.

        Args:
            defective: The model's P(defective).
            score: The evidence score, positive.

        Returns:
            In (0, 1].
        """
        own = np.append(np.array(self.log_odds), logit(defective))
        measured = np.log(np.maximum(np.append(np.array(self.scores), score), 1e-12))
        return _share_as_high(_standard(own) + _standard(measured))


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns values in units of their spread about their mean; zeros where they are all the same."""
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros_like(values)


def _share_as_high(values: NDArray[np.float64]) -> float:
    """Returns the share of values that are at least as high as the last, that included."""
    return float(np.mean(values >= values[-1] - 1e-9))


def references_digest(digests: Sequence[str]) -> str:
    """Returns one digest of a set of references, whatever their order."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def _file(folder: Path, product: str, model: str) -> Path:
    words = re.sub(r"[^A-Za-z0-9.-]+", "-", model).strip("-.")[-60:]
    name = hashlib.sha256(f"{product}\n{model}".encode()).hexdigest()[:12]
    return folder / f"{words}-{name}-normals.json"


def save_normals(folder: Path, normals: NormalLogOdds) -> Path:
    """Writes a calibration below a folder, whole or not at all, and returns its file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = _file(folder, normals.product, normals.model)
    with replacing(file) as stream:
        stream.write(json.dumps(normals.model_dump(), indent=2).encode())
    return file


def stored_normals(
    folder: Path, product: str, model: str, revision: str, references: str
) -> NormalLogOdds | None:
    """Returns what a model made of a product's references; None where it was asked of others, or not at all.

    Raises:
        ModelError: The file is broken.
    """
    file = _file(folder, product, model)
    if not file.is_file():
        return None
    try:
        normals = NormalLogOdds.model_validate_json(file.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise ModelError(f"{file} cannot be read: run echo-agent calibrate again, or delete it") from error
    kept = (normals.product, normals.model, normals.revision, normals.references)
    return normals if kept == (product, model, revision, references) else None


def forget_normals(folder: Path, product: str, model: str) -> None:
    """Drops what a model made of a product's references: a fit on labelled photographs takes its place."""
    _file(folder, product, model).unlink(missing_ok=True)
