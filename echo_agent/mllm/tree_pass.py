"""One pass of a model over rows of tokens that see their own path alone, and what is read after it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from echo_agent.mllm.checkpoint import Checkpoint
from echo_agent.mllm.prompt_tree import PADDING, SHARED, PromptTree, Read
from echo_agent.mllm.variant_tokens import SEES_WHOLE_PICTURES, PreparedCase
from echo_agent.mllm.vision_features import image_inputs

VOCABULARY_AT_ONCE = 32_768
"""Rows of the output layer that are held in float32 at once."""

_MASKED = ("sdpa", "eager")


@dataclass(frozen=True)
class Row:
    """A row of a pass: the tokens of a case, or of one of its paths."""

    case: int
    tree: PromptTree
    prepared: PreparedCase


def shares_beginnings(checkpoint: Checkpoint) -> bool:
    """Whether the family's layers all take a mask of who sees whom: attention that is full or within a window."""
    config = checkpoint.model.config
    layers = set(getattr(config.get_text_config(), "layer_types", None) or ["full_attention"])
    own_mask = "token_type_ids" in checkpoint.processor.model_input_names
    known = config.model_type in SEES_WHOLE_PICTURES or not own_mask
    return known and layers <= {"full_attention", "sliding_attention"}


def read_rows(checkpoint: Checkpoint, rows: Sequence[Row]) -> dict[tuple[int, Read], float]:
    """Runs rows through the model once and reads what their trees ask for; the model's lock is held.

    Returns:
        By the row's case and the reading, the natural log-probability of its token, in float32.
    """
    import torch

    width = max(len(row.tree) for row in rows)
    reads = [(number, read) for number, row in enumerate(rows) for read in row.tree.reads]
    places = list(dict.fromkeys((number, read.index) for number, read in reads))
    at = {place: index for index, place in enumerate(places)}
    with torch.inference_mode(), _masks_taken(checkpoint), _read_at(checkpoint, places):
        logits = checkpoint.model(
            input_ids=_stacked(checkpoint, [row.tree.ids for row in rows], width, _pad(checkpoint)),
            position_ids=_positions(checkpoint, rows, width),
            **_attention(checkpoint, rows, width),
            **image_inputs(checkpoint, [one for row in rows for one in row.prepared.photographs]),
            use_cache=False,
        ).logits.reshape(len(places), -1)
        which = torch.tensor([at[number, read.index] for number, read in reads], device=logits.device)
        tokens = torch.tensor([read.token for _, read in reads], device=logits.device)
        values = logits[which, tokens].float() - logits.float().logsumexp(dim=-1)[which]
    told = values.cpu().tolist()
    return {(rows[number].case, read): value for (number, read), value in zip(reads, told, strict=True)}


def _pad(checkpoint: Checkpoint) -> int:
    return int(checkpoint.tokenizer.pad_token_id or 0)


def _stacked(checkpoint: Checkpoint, values: Sequence[Any], width: int, fill: int) -> Any:
    """Pads arrays on the right of their last axis and stacks them, before it where they have two."""
    import torch

    padded = [
        np.pad(one, [(0, 0)] * (one.ndim - 1) + [(0, width - one.shape[-1])], constant_values=fill)
        for one in values
    ]
    stacked = torch.from_numpy(np.stack(padded, axis=-2))
    return stacked.to(checkpoint.device, non_blocking=True)


def _positions(checkpoint: Checkpoint, rows: Sequence[Row], width: int) -> Any:
    return _stacked(checkpoint, [row.tree.positions for row in rows], width, 0)


def _attention(checkpoint: Checkpoint, rows: Sequence[Row], width: int) -> dict[str, Any]:
    """Returns who sees whom: a mask for each kind of layer, or what the model makes its own masks of."""
    import torch

    if not shares_beginnings(checkpoint):
        mask = [np.ones(len(row.tree), dtype=np.int64) for row in rows]
        types = {
            name: _stacked(
                checkpoint, [np.array(row.prepared.types[name], dtype=np.int64) for row in rows], width, 0
            )
            for name in rows[0].prepared.types
        }
        return {"attention_mask": _stacked(checkpoint, mask, width, 0), **types}
    path, wording, branch, picture = (
        _stacked(checkpoint, [getattr(row.tree, name) for row in rows], width, fill)
        for name, fill in (("path", 0), ("wording", PADDING), ("branch", SHARED), ("picture", -1))
    )
    same_wording = wording[:, :, None] == wording[:, None, :]
    same_branch = (branch[:, None, :] == SHARED) | (branch[:, :, None] == branch[:, None, :])
    index = torch.arange(width, device=path.device)
    seen = (wording[:, None, :] == SHARED) | (same_wording & same_branch)
    seen &= index[:, None] >= index[None, :]
    seen |= (picture[:, :, None] >= 0) & (picture[:, :, None] == picture[:, None, :])
    full = _additive(checkpoint, seen)
    config = checkpoint.model.config.get_text_config()
    if "sliding_attention" not in (getattr(config, "layer_types", None) or []):
        return {"attention_mask": full}
    near = path[:, None, :] > path[:, :, None] - config.sliding_window
    return {
        "attention_mask": {"full_attention": full, "sliding_attention": _additive(checkpoint, seen & near)}
    }


def _additive(checkpoint: Checkpoint, seen: Any) -> Any:
    """Returns a mask that is added to the attention's scores: 0 where a token is seen, else the least number."""
    import torch

    dtype = checkpoint.model.dtype
    least = torch.full((), torch.finfo(dtype).min, dtype=dtype, device=seen.device)
    return torch.where(seen, torch.zeros((), dtype=dtype, device=seen.device), least)[:, None]


@contextmanager
def _masks_taken(checkpoint: Checkpoint) -> Iterator[None]:
    """Lets the attention take a mask of its own for a pass: kernels without one, such as flash attention, do not."""
    config = checkpoint.model.config.get_text_config()
    chosen = config._attn_implementation
    if chosen in _MASKED:
        yield
        return
    config._attn_implementation = "sdpa"
    try:
        yield
    finally:
        config._attn_implementation = chosen


@contextmanager
def _read_at(checkpoint: Checkpoint, places: Sequence[tuple[int, int]]) -> Iterator[None]:
    """Lets the output layer work at some places (row, token) alone, and in float32.

    In bfloat16 a logit of 20 is told in steps of an eighth, which moves a probability by hundredths.
    """
    import torch

    head = checkpoint.model.get_output_embeddings()
    rows = torch.tensor([row for row, _ in places]).to(checkpoint.device, non_blocking=True)
    columns = torch.tensor([column for _, column in places]).to(checkpoint.device, non_blocking=True)
    plain, patched = head.forward, head.__dict__.get("forward")

    def forward(hidden: Any) -> Any:
        chosen = hidden[rows, columns][None]
        if type(head) is not torch.nn.Linear or head.weight.dtype == torch.float32:
            return plain(chosen)
        parts = [
            torch.nn.functional.linear(chosen.float(), part.float())
            for part in torch.split(head.weight, VOCABULARY_AT_ONCE)
        ]
        logits = torch.cat(parts, dim=-1)
        return logits if head.bias is None else logits + head.bias.float()

    head.forward = forward
    try:
        yield
    finally:
        del head.forward
        if patched is not None:
            head.forward = patched
