"""What a model's vision tower sees in a photograph: once a process, where the family lets it be handed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from itertools import chain
from typing import Any

from echo_agent.mllm.checkpoint import Checkpoint
from echo_agent.mllm.encoding import collate
from echo_agent.mllm.photograph_cache import Photograph


@dataclass(frozen=True)
class _Seen:
    """The features of one photograph.

    Attributes:
        kind: Class of the vision tower's output.
        pooled: Its part of the vision tower's ``pooler_output``.
        deep: Its part of each layer of ``deepstack_features``, where the family has them.
    """

    kind: Any
    pooled: Any
    deep: tuple[Any, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes on the device."""
        parts = [self.pooled, *self.deep]
        flat = chain.from_iterable(part if isinstance(part, list | tuple) else [part] for part in parts)
        return sum(int(tensor.nbytes) for tensor in flat)


def image_inputs(checkpoint: Checkpoint, photographs: Sequence[Photograph]) -> dict[str, Any]:
    """Returns what a model's pass takes of photographs, in reading order; the model's lock is held.

    Where the family takes features, those of known photographs are handed in, and only new ones go through the vision
    tower; else all pixels go in.
    """
    if not photographs:
        return {}
    if not _takes_features(checkpoint, photographs):
        return collate(checkpoint, photographs)
    known: dict[Any, _Seen] = {}
    for photograph in photographs:
        seen = checkpoint.features.get(photograph.key)
        if seen is not None:
            known[photograph.key] = seen
    missing = list({one.key: one for one in photographs if one.key not in known}.values())
    if missing:
        found = _split(_look(checkpoint, missing), missing)
        if found is None:
            return collate(checkpoint, photographs)
        known |= found
        for key, seen in found.items():
            checkpoint.features.put(key, seen)
    small = [
        Photograph(one.key, {k: v for k, v in one.tensors.items() if k != "pixel_values"})
        for one in photographs
    ]
    outputs = _joined([known[one.key] for one in photographs])
    return {**collate(checkpoint, small), "mm_encoder_outputs": {"image": outputs}}


def _takes_features(checkpoint: Checkpoint, photographs: Sequence[Photograph]) -> bool:
    """Whether the family's pass takes features, and its vision tower needs nothing but the photographs' tensors."""
    family = type(checkpoint.model)
    look, wanted = getattr(family, "get_image_features", None), signature(family.forward).parameters
    if look is None or "mm_encoder_outputs" not in wanted:
        return False
    accepted = signature(look).parameters
    return all(
        one.key is not None
        and "pixel_values" in one.tensors
        and all(name in accepted for name in one.tensors if name in wanted)
        for one in photographs
    )


def _look(checkpoint: Checkpoint, photographs: Sequence[Photograph]) -> Any:
    return checkpoint.model.get_image_features(**collate(checkpoint, photographs), return_dict=True)


def _split(output: Any, photographs: Sequence[Photograph]) -> dict[Any, _Seen] | None:
    """Returns each photograph's part of the features; None where the output does not say which part is whose."""
    pooled = getattr(output, "pooler_output", None)
    if pooled is None:
        return None
    rows = [1] * len(photographs)
    if len(pooled) != len(photographs):
        rows = [int(one.tensors["pixel_values"].shape[0]) for one in photographs]
    if len(pooled) != sum(rows):
        return None
    layers = getattr(output, "deepstack_features", None) or []
    found, start = {}, 0
    for photograph, count in zip(photographs, rows, strict=True):
        part = slice(start, start + count)
        found[photograph.key] = _Seen(
            type(output), _own(pooled[part]), tuple(_own(layer[part]) for layer in layers)
        )
        start += count
    return found


def _own(part: Any) -> Any:
    """Copies a part, so that it does not keep the whole alive."""
    return [tensor.clone() for tensor in part] if isinstance(part, list | tuple) else part.clone()


def _joined(seen: Sequence[_Seen]) -> Any:
    """Joins photographs' features as the vision tower would have returned them."""
    import torch

    def join(parts: Sequence[Any]) -> Any:
        if isinstance(parts[0], list | tuple):
            return [tensor for part in parts for tensor in part]
        return torch.cat(list(parts))

    fields: dict[str, Any] = {"pooler_output": join([one.pooled for one in seen])}
    if seen[0].deep:
        fields["deepstack_features"] = [
            join(layer) for layer in zip(*(one.deep for one in seen), strict=True)
        ]
    return seen[0].kind(**fields)
