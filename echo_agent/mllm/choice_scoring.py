"""Log-probabilities of closed answers: the shared prefix runs once, its key-value cache serves every variant.

A variant is one wording of the end of a conversation (the options in another order, or another question about
the same images). All variants of a case share their images and their evidence; only what differs is run for
each.
"""

import copy
import math
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from echo_agent.errors import AnswerError, ModelError, ModelTimeoutError
from echo_agent.mllm.checkpoint import Checkpoint
from echo_agent.mllm.encoding import Conversation, adds_special_tokens, encode, render
from echo_agent.mllm.memory_errors import out_of_memory_told

Length = Literal["sum", "mean"]


@dataclass(frozen=True)
class Variant:
    """One wording of a closed question: the whole conversation and the answers it allows."""

    conversation: Conversation
    answers: tuple[str, ...]


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


@dataclass
class _Row:
    """A variant as tokens: what follows the shared prefix, and each answer after that."""

    case: int
    variant: int
    suffix: list[int]
    answers: list[list[int]]


@dataclass
class _Prefix:
    """The shared prefixes after their one pass: cache, mask (cases, tokens) and next position (cases,)."""

    cache: Any
    mask: Any
    next_position: Any
    multimodal_positions: bool


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
        AnswerError: A log-probability is not a finite number.
        ModelError: The tokenizer does not keep the images in the shared prefix.
    """
    import torch

    deadline = None if timeout is None else time.monotonic() + timeout
    with checkpoint.lock, torch.inference_mode(), out_of_memory_told(checkpoint.spec.model):
        rows, batch = _tokenise(checkpoint, cases, max_pixels)
        prefix = _prefill(checkpoint, batch)
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


def _tokenise(
    checkpoint: Checkpoint, cases: Sequence[Sequence[Variant]], max_pixels: int
) -> tuple[list[_Row], dict[str, Any]]:
    """Returns what each variant adds to its case's shared prefix, and the batch of the prefixes."""
    texts, images, rows, tails = [], [], [], []
    for number, variants in enumerate(cases):
        rendered = [render(checkpoint, v.conversation, read_images=i == 0) for i, v in enumerate(variants)]
        ids = [_token_ids(checkpoint, text) for text, _ in rendered]
        shared = _shared_length(ids)
        texts.append(rendered[0][0])
        images.append(rendered[0][1])
        tails.append(ids[0][shared:])
        for i, (variant, (text, _)) in enumerate(zip(variants, rendered, strict=True)):
            answers = _prefix_free(
                checkpoint, [_answer_ids(checkpoint, text, ids[i], a) for a in variant.answers]
            )
            rows.append(_Row(number, i, ids[i][shared:], answers))
    batch = encode(checkpoint, texts, images, max_pixels)
    return rows, _without_tails(checkpoint, batch, tails)


def _token_ids(checkpoint: Checkpoint, text: str) -> list[int]:
    special = adds_special_tokens(checkpoint, text)
    return list(checkpoint.tokenizer(text, add_special_tokens=special)["input_ids"])


def _shared_length(ids: Sequence[Sequence[int]]) -> int:
    """Returns how many leading tokens all rows share, leaving each at least one of its own."""
    shortest = min(len(row) for row in ids)
    shared = next((i for i in range(shortest) if len({row[i] for row in ids}) > 1), shortest)
    return min(shared, shortest - 1)


def _answer_ids(checkpoint: Checkpoint, text: str, text_ids: list[int], answer: str) -> list[int]:
    """Returns an answer's tokens as the model would write them: after a word or colon with a blank."""
    spaced = answer if text[-1:].isspace() or text.endswith((">", "]")) else f" {answer}"
    joined = _token_ids(checkpoint, text + spaced)
    if joined[: len(text_ids)] == text_ids:
        return joined[len(text_ids) :]
    return list(checkpoint.tokenizer(spaced, add_special_tokens=False)["input_ids"])


def _prefix_free(checkpoint: Checkpoint, answers: list[list[int]]) -> list[list[int]]:
    """Ends every answer with the end token where one begins another, so that both can win."""
    begins_another = any(a is not b and b[: len(a)] == a for a in answers for b in answers)
    end = checkpoint.tokenizer.eos_token_id
    return [[*answer, end] for answer in answers] if begins_another and end is not None else answers


def _without_tails(checkpoint: Checkpoint, batch: dict[str, Any], tails: list[list[int]]) -> dict[str, Any]:
    """Cuts off each row's tail and pads anew on the left, so that all prefixes end in the last column."""
    import torch

    ids, columns = batch["input_ids"], batch["input_ids"].shape[1]
    if any(ids[row, columns - len(tail) :].tolist() != tail for row, tail in enumerate(tails)):
        raise ModelError(
            f"the processor of {checkpoint.spec.model} rewrites text after the images: it cannot be scored"
        )
    ends = [columns - len(tail) for tail in tails]
    sizes = [int(n) - len(tail) for n, tail in zip(batch["attention_mask"].sum(dim=1), tails, strict=True)]

    def cut(name: str, value: Any) -> Any:
        fill = checkpoint.tokenizer.pad_token_id or 0 if name == "input_ids" else 0
        kept = [value[row, end - size : end] for row, (end, size) in enumerate(zip(ends, sizes, strict=True))]
        return torch.stack(
            [torch.nn.functional.pad(row, (max(sizes) - len(row), 0), value=fill) for row in kept]
        )

    return {name: cut(name, value) if value.shape == ids.shape else value for name, value in batch.items()}


def _prefill(checkpoint: Checkpoint, batch: dict[str, Any]) -> _Prefix:
    """Runs the shared prefixes once."""
    from transformers import DynamicCache

    model = checkpoint.model
    mask = batch["attention_mask"]
    inner = getattr(model, "model", model)
    own_positions = hasattr(inner, "rope_deltas")
    arguments = dict(batch)
    if own_positions:
        inner.rope_deltas = None
    else:
        arguments["position_ids"] = (mask.cumsum(dim=1) - 1).clamp(min=0)
    output = model(
        **arguments,
        past_key_values=DynamicCache(config=model.config.get_text_config()),
        use_cache=True,
        logits_to_keep=1,
    )
    next_position = mask.sum(dim=1)
    if own_positions and inner.rope_deltas is not None:
        next_position = next_position + inner.rope_deltas.reshape(-1).to(next_position.device)
    return _Prefix(output.past_key_values, mask, next_position, own_positions)


def _by_suffix_length(rows: Sequence[_Row]) -> list[list[_Row]]:
    """Groups rows whose suffixes are equally long: no padding then lies between a prompt and its answer."""
    groups: dict[int, list[_Row]] = defaultdict(list)
    for row in rows:
        groups[len(row.suffix)].append(row)
    return [groups[size] for size in sorted(groups)]


def _select(cache: Any, rows: Any) -> Any:
    """Returns a cache that holds copies of the given rows; the original stays as it is."""
    chosen = copy.copy(cache)
    chosen.layers = [copy.copy(layer) for layer in cache.layers]
    chosen.batch_select_indices(rows)
    return chosen


def _continue(checkpoint: Checkpoint, prefix: _Prefix, rows: Any, ids: Any, keep: int) -> tuple[Any, _Prefix]:
    """Runs ``ids`` (rows, tokens) after rows of a prefix; returns log-probabilities and the new state."""
    import torch

    cache = _select(prefix.cache, rows)
    mask = torch.cat([prefix.mask[rows], torch.ones_like(ids)], dim=1)
    start = prefix.next_position[rows]
    positions = start[:, None] + torch.arange(ids.shape[1], device=ids.device)
    shaped = positions.expand(3, *positions.shape) if prefix.multimodal_positions else positions
    output = checkpoint.model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=shaped,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=keep,
    )
    after = _Prefix(output.past_key_values, mask, start + ids.shape[1], prefix.multimodal_positions)
    return output.logits.float().log_softmax(dim=-1), after


def _score_group(
    checkpoint: Checkpoint, prefix: _Prefix, group: list[_Row], length: Length
) -> dict[tuple[int, int], list[float]]:
    """Scores rows with equally long suffixes."""
    import torch

    device = prefix.mask.device
    chosen = torch.tensor([row.case for row in group], device=device)
    logprobs, after = _continue(
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
    after: _Prefix,
    group: list[_Row],
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
    logprobs, _ = _continue(checkpoint, after, rows, inputs, 0)
    for row, (i, j) in enumerate(long):
        tokens[i][j] += [float(logprobs[row, at, token]) for at, token in enumerate(answers[row][1:])]
