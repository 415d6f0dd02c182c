"""Log-probabilities of closed answers: the shared prefix runs once, its key-value cache serves every variant.

A variant is one wording of the end of a conversation (the options in another order, or another question about
the same images). All variants of a case share their images and their evidence; only what differs is run for
each.
"""

import math
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from echo_agent.errors import AnswerError, ModelTimeoutError
from echo_agent.mllm.checkpoint import Checkpoint
from echo_agent.mllm.device_faults import device_faults_told
from echo_agent.mllm.prefix_cache import Prefix, continue_from, prefill
from echo_agent.mllm.variant_tokens import Variant, VariantTokens, tokenise

Length = Literal["sum", "mean"]


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
    """Scores closed answers for several cases in one batch.

    Args:
        checkpoint: The loaded model.
        cases: The variants of each case; those of one case show the same images.
        max_pixels: Pixels an image is reduced to at most.
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
        ModelError: The tokenizer does not keep the images in the shared prefix.
    """
    import torch

    deadline = None if timeout is None else time.monotonic() + timeout

    def scored() -> list[CaseScores]:
        with torch.inference_mode():
            return _scored(checkpoint, cases, max_pixels, length, deadline)

    with checkpoint.lock:
        return device_faults_told(checkpoint.spec.model, scored)


def _scored(
    checkpoint: Checkpoint,
    cases: Sequence[Sequence[Variant]],
    max_pixels: int,
    length: Length,
    deadline: float | None,
) -> list[CaseScores]:
    rows, batch = tokenise(checkpoint, cases, max_pixels)
    prefix = prefill(checkpoint, batch)
    scores: dict[tuple[int, int], list[float]] = {}
    for group in _by_suffix_length(rows):
        _in_time(checkpoint, deadline)
        scores |= _score_group(checkpoint, prefix, group, length)
    prefix_tokens = batch["attention_mask"].sum(dim=1).tolist()
    return [
        CaseScores(
            variants=tuple(ScoredVariant(_finite(checkpoint, scores[case, i])) for i in range(len(variants))),
            input_tokens=prefix_tokens[case] + sum(len(row.suffix) for row in rows if row.case == case),
        )
        for case, variants in enumerate(cases)
    ]


def _in_time(checkpoint: Checkpoint, deadline: float | None) -> None:
    if deadline is not None and time.monotonic() > deadline:
        raise ModelTimeoutError(
            f"{checkpoint.spec.model} took too long: raise ECHO_MLLM_TIMEOUT or lower its pixels"
        )


def _finite(checkpoint: Checkpoint, logprobs: list[float]) -> tuple[float, ...]:
    if not all(math.isfinite(value) for value in logprobs):
        raise AnswerError(f"{checkpoint.spec.model} gave a log-probability that is not finite: {logprobs}")
    return tuple(logprobs)


def _by_suffix_length(rows: Sequence[VariantTokens]) -> list[list[VariantTokens]]:
    """Groups rows whose suffixes are equally long: no padding then lies between a prompt and its answer."""
    groups: dict[int, list[VariantTokens]] = defaultdict(list)
    for row in rows:
        groups[len(row.suffix)].append(row)
    return [groups[size] for size in sorted(groups)]


def _score_group(
    checkpoint: Checkpoint, prefix: Prefix, group: list[VariantTokens], length: Length
) -> dict[tuple[int, int], list[float]]:
    """Scores rows with equally long suffixes."""
    import torch

    device = prefix.mask.device
    chosen = torch.tensor([row.case for row in group], device=device)
    logprobs, after = continue_from(
        checkpoint, prefix, chosen, torch.tensor([r.suffix for r in group], device=device), 1
    )
    first = logprobs[:, -1]
    tokens = [[[float(first[i, answer[0]])] for answer in row.answers] for i, row in enumerate(group)]
    long = [(i, j) for i, row in enumerate(group) for j, answer in enumerate(row.answers) if len(answer) > 1]
    if long:
        _add_later_tokens(checkpoint, after, group, long, tokens)
    return {
        (row.case, row.variant): [sum(t) / (len(t) if length == "mean" else 1) for t in tokens[i]]
        for i, row in enumerate(group)
    }


def _add_later_tokens(
    checkpoint: Checkpoint,
    after: Prefix,
    group: list[VariantTokens],
    long: list[tuple[int, int]],
    tokens: list[list[list[float]]],
) -> None:
    """Adds the log-probabilities of second and later tokens of the answers, all in one pass."""
    import torch

    device = after.mask.device
    answers = [group[i].answers[j] for i, j in long]
    width = max(len(answer) for answer in answers) - 1
    pad = checkpoint.tokenizer.pad_token_id or 0
    inputs = torch.tensor([a[:-1] + [pad] * (width + 1 - len(a)) for a in answers], device=device)
    rows = torch.tensor([i for i, _ in long], device=device)
    logprobs, _ = continue_from(checkpoint, after, rows, inputs, 0)
    for row, (i, j) in enumerate(long):
        tokens[i][j] += [float(logprobs[row, at, token]) for at, token in enumerate(answers[row][1:])]
