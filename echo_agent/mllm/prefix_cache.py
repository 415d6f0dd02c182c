"""Shared prefixes that run once: their key-value cache serves every continuation."""

import copy
from dataclasses import dataclass
from typing import Any

from echo_agent.mllm.checkpoint import Checkpoint


@dataclass(frozen=True)
class Prefix:
    """The shared prefixes after their one pass.

    Attributes:
        cache: The key-value cache of the model.
        mask: Which tokens count ``(cases, tokens)``.
        next_position: Position of the token that follows ``(cases,)``.
        multimodal_positions: Whether the model takes three positions a token: time, height and width.
    """

    cache: Any
    mask: Any
    next_position: Any
    multimodal_positions: bool


def prefill(checkpoint: Checkpoint, batch: dict[str, Any]) -> Prefix:
    """Runs the shared prefixes once.

    Args:
        checkpoint: The loaded model.
        batch: What its processor made of them, padded on the left.
    """
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
    return Prefix(output.past_key_values, mask, next_position, own_positions)


def continue_from(
    checkpoint: Checkpoint, prefix: Prefix, rows: Any, ids: Any, keep: int
) -> tuple[Any, Prefix]:
    """Runs tokens after rows of a prefix, which stays as it is.

    Args:
        checkpoint: The loaded model.
        prefix: The prefixes.
        rows: Which of them ``(rows,)``; one may be given again.
        ids: The tokens that follow each ``(rows, tokens)``.
        keep: Of so many last tokens the log-probabilities are returned; 0 for all.

    Returns:
        Natural log-probabilities of the token after each ``(rows, tokens, vocabulary)``, and the prefixes with theirs.
    """
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
    after = Prefix(output.past_key_values, mask, start + ids.shape[1], prefix.multimodal_positions)
    return output.logits.float().log_softmax(dim=-1), after


def _select(cache: Any, rows: Any) -> Any:
    """Returns a cache that holds copies of the given rows; the original stays as it is."""
    chosen = copy.copy(cache)
    chosen.layers = [copy.copy(layer) for layer in cache.layers]
    chosen.batch_select_indices(rows)
    return chosen
