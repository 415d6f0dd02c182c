"""Variants of closed questions as tokens: what a case's variants share, what each adds, and the answers after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from inspect import signature
from typing import Any

import numpy as np

from echo_agent.errors import ModelError
from echo_agent.mllm.checkpoint import Checkpoint
from echo_agent.mllm.encoding import Conversation, EncodedPrompt, adds_special_tokens, encode_prompt, render
from echo_agent.mllm.photograph_cache import Photograph
from echo_agent.mllm.prompt_tree import Numbers, PromptTree, Suffix, grow

_TAIL = 32
"""Characters at the end of a prompt that tell how a tokenizer splits the answer after it."""


@dataclass(frozen=True)
class Variant:
    """One wording of a closed question: the whole conversation and the answers it allows."""

    conversation: Conversation
    answers: tuple[str, ...]


@dataclass(frozen=True)
class PreparedCase:
    """A case on the CPU, ready for the model.

    Attributes:
        tree: Its tokens.
        types: What the processor says of each shared token, such as ``token_type_ids``.
        photographs: Its photographs, in reading order.
        input_tokens: Tokens that are read for it, the shared ones counted once.
    """

    tree: PromptTree
    types: dict[str, list[int]]
    photographs: tuple[Photograph, ...]
    input_tokens: int


def prepare_case(checkpoint: Checkpoint, variants: Sequence[Variant], max_pixels: int) -> PreparedCase:
    """Finds what the variants of a case share, and encodes that once; several threads may do so at once.

    Args:
        checkpoint: The loaded model.
        variants: Wordings of closed questions; all show the same images.
        max_pixels: Pixels an image is reduced to at most.

    Raises:
        ModelError: The processor does not keep the images in the shared beginning.
        ImageError: An image cannot be read.
    """
    rendered = [render(checkpoint, v.conversation, read_images=i == 0) for i, v in enumerate(variants)]
    texts, images = [text for text, _ in rendered], rendered[0][1]
    rows = _token_ids(checkpoint, texts)
    common = _shared_length(rows)
    prompt = encode_prompt(checkpoint, texts[0], images, max_pixels)
    tail = rows[0][common:]
    shared = len(prompt.ids) - len(tail)
    if prompt.ids[shared:] != tail:
        raise ModelError(
            f"the processor of {checkpoint.spec.model} rewrites text after the images: it cannot be scored"
        )
    suffixes = [
        Suffix(
            row[common:],
            _prefix_free(checkpoint, [_answer_ids(checkpoint, text, a) for a in variant.answers]),
        )
        for variant, text, row in zip(variants, texts, rows, strict=True)
    ]
    types = {name: values[:shared] for name, values in prompt.types.items()}
    tree = grow(
        prompt.ids[:shared],
        _positions(checkpoint, prompt)[..., : shared + 1],
        _pictures(checkpoint, types, shared),
        suffixes,
    )
    return PreparedCase(tree, types, prompt.photographs, shared + sum(len(one.ids) for one in suffixes))


def _token_ids(checkpoint: Checkpoint, texts: list[str]) -> list[list[int]]:
    special = adds_special_tokens(checkpoint, texts[0])
    return [list(row) for row in checkpoint.tokenizer(texts, add_special_tokens=special)["input_ids"]]


def _shared_length(ids: Sequence[Sequence[int]]) -> int:
    """Returns how many leading tokens all rows share, leaving each at least one of its own."""
    shortest = min(len(row) for row in ids)
    shared = next((i for i in range(shortest) if len({row[i] for row in ids}) > 1), shortest)
    return min(shared, shortest - 1)


def _answer_ids(checkpoint: Checkpoint, text: str, answer: str) -> list[int]:
    """Returns an answer's tokens as the model would write them: after a word or colon with a blank."""
    spaced = answer if text[-1:].isspace() or text.endswith((">", "]")) else f" {answer}"
    return list(_tokens_after(checkpoint.tokenizer, text[-_TAIL:], spaced))


@lru_cache(maxsize=4096)
def _tokens_after(tokenizer: Any, tail: str, answer: str) -> tuple[int, ...]:
    before = tokenizer(tail, add_special_tokens=False)["input_ids"]
    joined = tokenizer(tail + answer, add_special_tokens=False)["input_ids"]
    if joined[: len(before)] == before:
        return tuple(joined[len(before) :])
    return tuple(tokenizer(answer, add_special_tokens=False)["input_ids"])


def _prefix_free(checkpoint: Checkpoint, answers: list[list[int]]) -> list[list[int]]:
    """Ends every answer with the end token where one begins another, so that both can win."""
    begins_another = any(a is not b and b[: len(a)] == a for a in answers for b in answers)
    end = checkpoint.tokenizer.eos_token_id
    return [[*answer, end] for answer in answers] if begins_another and end is not None else answers


def _positions(checkpoint: Checkpoint, prompt: EncodedPrompt) -> Numbers:
    """Returns each token's position: its index, or what a family with positions of its own makes of photographs."""
    import torch

    inner = getattr(checkpoint.model, "model", checkpoint.model)
    index = np.arange(len(prompt.ids), dtype=np.int64)
    if not hasattr(inner, "get_rope_index"):
        return index
    if not prompt.photographs:
        return np.stack([index] * 3)
    accepted = signature(inner.get_rope_index).parameters
    given = {
        "input_ids": torch.tensor([prompt.ids]),
        "attention_mask": torch.ones((1, len(prompt.ids)), dtype=torch.long),
        **{name: torch.tensor([values]) for name, values in prompt.types.items()},
    }
    for name in prompt.photographs[0].tensors:
        if name in accepted:
            given[name] = torch.cat([photograph.tensors[name] for photograph in prompt.photographs])
    positions, _ = inner.get_rope_index(**{name: value for name, value in given.items() if name in accepted})
    return np.asarray(positions[:, 0].numpy(), dtype=np.int64)


def _pictures(checkpoint: Checkpoint, types: dict[str, list[int]], shared: int) -> list[int]:
    """Numbers the photographs whose tokens see each other, as Gemma 3 has it; -1 for all other tokens."""
    kinds = types.get("token_type_ids")
    if kinds is None or checkpoint.model.config.model_type not in SEES_WHOLE_PICTURES:
        return [-1] * shared
    numbers, current = [], -1
    for index, kind in enumerate(kinds):
        current += kind == 1 and (index == 0 or kinds[index - 1] != 1)
        numbers.append(current if kind == 1 else -1)
    return numbers


SEES_WHOLE_PICTURES = frozenset({"gemma3"})
"""Families in which the tokens of a photograph attend to each other in both directions."""
