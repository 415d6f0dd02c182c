"""Variants of closed questions as tokens: what a case's variants share, what each adds, and the answers after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from echo_agent.errors import ModelError
from echo_agent.mllm.checkpoint import Checkpoint
from echo_agent.mllm.encoding import Conversation, adds_special_tokens, encode, render


@dataclass(frozen=True)
class Variant:
    """One wording of a closed question: the whole conversation and the answers it allows."""

    conversation: Conversation
    answers: tuple[str, ...]


@dataclass(frozen=True)
class VariantTokens:
    """A variant as tokens.

    Attributes:
        case: Index of its case.
        variant: Its index in the case.
        suffix: What follows the shared prefix, at least one token.
        answers: Each answer after that, at least one token.
    """

    case: int
    variant: int
    suffix: list[int]
    answers: list[list[int]]


def tokenise(
    checkpoint: Checkpoint, cases: Sequence[Sequence[Variant]], max_pixels: int
) -> tuple[list[VariantTokens], dict[str, Any]]:
    """Finds what the variants of each case share.

    Args:
        checkpoint: The loaded model.
        cases: The variants of each case; those of one case show the same images.
        max_pixels: Pixels an image is reduced to at most.

    Returns:
        What each variant adds to its case's shared prefix, and the batch of the prefixes, padded on the left.

    Raises:
        ModelError: The processor does not keep the images in the shared prefix.
    """
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
            rows.append(VariantTokens(number, i, ids[i][shared:], answers))
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
