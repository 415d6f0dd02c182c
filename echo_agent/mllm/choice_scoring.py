"""Log-probabilities of closed answers, in one pass of the model for all wordings of several cases.

A variant is one wording of the end of a conversation (the options in another order, or another question about
the same images). What the variants of a case share, their images and evidence, is read once.
"""

import math
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from echo_agent.errors import AnswerError, ModelMemoryError, ModelTimeoutError
from echo_agent.mllm.checkpoint import Checkpoint
from echo_agent.mllm.device_faults import device_faults_told
from echo_agent.mllm.prompt_tree import Read
from echo_agent.mllm.tree_pass import Row, read_rows, shares_beginnings
from echo_agent.mllm.variant_tokens import PreparedCase, Variant, prepare_case

Length = Literal["sum", "mean"]

ROWS_AT_ONCE = 8
"""Rows a pass of a family that reads each wording by itself."""


@dataclass(frozen=True)
class ScoredVariant:
    """The natural log-probability of each answer of a variant, in the answers' order."""

    logprobs: tuple[float, ...]


@dataclass(frozen=True)
class CaseScores:
    """The scored variants of a case.

    Attributes:
        variants: Scores, in the order of the variants.
        input_tokens: Tokens that were read for the case (the shared prefix counted once).
    """

    variants: tuple[ScoredVariant, ...]
    input_tokens: int


def score_variants(
    checkpoint: Checkpoint,
    cases: Sequence[Sequence[Variant]],
    *,
    max_pixels: int,
    length: Length = "mean",
    timeout: float | None = None,
) -> list[CaseScores]:
    """Prepares and scores closed answers for several cases in one batch; see ``score_cases``.

    Args:
        checkpoint: The loaded model.
        cases: The variants of each case; those of one case show the same images.
        max_pixels: Pixels an image is reduced to at most.
        length: As in ``score_cases``.
        timeout: As in ``score_cases``.

    Raises:
        ModelError: As in ``score_cases``; or the tokenizer does not keep the images in the shared prefix.
        ImageError: An image cannot be read.
    """
    prepared = [prepare_case(checkpoint, variants, max_pixels) for variants in cases]
    return score_cases(checkpoint, prepared, length=length, timeout=timeout)


def score_cases(
    checkpoint: Checkpoint,
    cases: Sequence[PreparedCase],
    *,
    length: Length = "mean",
    timeout: float | None = None,
) -> list[CaseScores]:
    """Scores closed answers for several prepared cases in one pass.

    Args:
        checkpoint: The loaded model.
        cases: The cases.
        length: How an answer of several tokens is scored: ``sum`` of its tokens' log-probabilities (the
            probability of the text) or their ``mean`` (so that long answers are not punished). One token is
            the same either way.
        timeout: Seconds after which the next pass is not begun.

    Returns:
        One entry a case.

    Raises:
        ModelTimeoutError: The time is over.
        ModelMemoryError: The model ran out of memory.
        ModelDeviceError: The device failed.
        AnswerError: A log-probability is not a finite number.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    read: dict[tuple[int, Read], float] = {}
    with checkpoint.lock:
        try:
            for rows in _passes(checkpoint, cases):
                _in_time(checkpoint, deadline)
                read |= device_faults_told(checkpoint.spec.model, partial(read_rows, checkpoint, rows))
        except ModelMemoryError:
            checkpoint.features.forget()
            raise
    return [_scores(checkpoint, case, number, read, length) for number, case in enumerate(cases)]


def _passes(checkpoint: Checkpoint, cases: Sequence[PreparedCase]) -> list[list[Row]]:
    """Returns the rows of each pass: all cases in one, or some paths at a time."""
    if shares_beginnings(checkpoint):
        return [[Row(number, case.tree, case) for number, case in enumerate(cases)]]
    rows = [Row(number, path, case) for number, case in enumerate(cases) for path in case.tree.paths()]
    return [rows[start : start + ROWS_AT_ONCE] for start in range(0, len(rows), ROWS_AT_ONCE)]


def _scores(
    checkpoint: Checkpoint,
    case: PreparedCase,
    number: int,
    read: dict[tuple[int, Read], float],
    length: Length,
) -> CaseScores:
    tokens: dict[tuple[int, int], list[float]] = defaultdict(list)
    for (which, one), value in read.items():
        if which == number:
            tokens[one.wording, one.answer].append(value)

    def score(wording: int, answer: int) -> float:
        values = tokens[wording, answer]
        return sum(values) / (len(values) if length == "mean" else 1)

    return CaseScores(
        tuple(
            ScoredVariant(_finite(checkpoint, [score(wording, answer) for answer in range(count)]))
            for wording, count in enumerate(case.tree.answers)
        ),
        case.input_tokens,
    )


def _in_time(checkpoint: Checkpoint, deadline: float | None) -> None:
    if deadline is not None and time.monotonic() > deadline:
        raise ModelTimeoutError(
            f"{checkpoint.spec.model} took too long: raise ECHO_MLLM_TIMEOUT or lower its pixels"
        )


def _finite(checkpoint: Checkpoint, logprobs: list[float]) -> tuple[float, ...]:
    if not all(math.isfinite(value) for value in logprobs):
        raise AnswerError(f"{checkpoint.spec.model} gave a log-probability that is not finite: {logprobs}")
    return tuple(logprobs)
