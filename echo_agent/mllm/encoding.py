"""Conversations as a model's inputs: text with its placeholders as tokens, photographs within their budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

from jinja2 import TemplateError
from langchain_core.messages import BaseMessage

from echo_agent.errors import ModelError
from echo_agent.mllm.checkpoint import Checkpoint
from echo_agent.mllm.messages import ImageFile, to_template
from echo_agent.mllm.photograph_cache import Photograph, Source, tensors_of

Conversation = Sequence[BaseMessage]


@dataclass(frozen=True)
class EncodedPrompt:
    """One prompt on the CPU, without padding.

    Attributes:
        ids: Its tokens, the photographs' included.
        types: What the processor says of each token beside it, such as ``mm_token_type_ids``.
        photographs: Its photographs, in reading order.
    """

    ids: list[int]
    types: dict[str, list[int]]
    photographs: tuple[Photograph, ...]


def render(
    checkpoint: Checkpoint, conversation: Conversation, *, read_images: bool = True
) -> tuple[str, list[ImageFile]]:
    """Renders a conversation by the model's own chat template, up to where its answer begins.

    Returns:
        The text with one placeholder an image, and the images' files in reading order.

    Raises:
        ModelError: The checkpoint has no chat template, or it does not take these messages.
    """
    messages, images = to_template(conversation, read_images=read_images)
    try:
        text = checkpoint.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    except (TemplateError, ValueError) as error:
        raise ModelError(
            f"the chat template of {checkpoint.spec.model} does not take the messages: {error}"
        ) from error
    return str(text), images


def adds_special_tokens(checkpoint: Checkpoint, text: str) -> bool:
    """Returns whether the tokenizer must add the start token, because the template did not."""
    start = checkpoint.tokenizer.bos_token
    return not (start and text.startswith(start))


def encode_prompt(
    checkpoint: Checkpoint, text: str, images: Sequence[ImageFile], max_pixels: int
) -> EncodedPrompt:
    """Encodes one rendered text with its images; several threads may do so at once.

    Args:
        checkpoint: The loaded model.
        text: The rendered conversation.
        images: Its images' files, in reading order.
        max_pixels: Pixels an image is reduced to at most.

    Raises:
        ImageError: An image cannot be read.
    """
    special = adds_special_tokens(checkpoint, text)
    if not images:
        batch = checkpoint.processor(text=[text], add_special_tokens=special)
        return EncodedPrompt(*_rows(batch), ())
    sources = [Source(image.name, image.data, max_pixels) for image in images]
    stand_ins = [checkpoint.photographs.stand_in(source) for source in sources]
    tiling = _tiling(checkpoint, max_pixels)
    batch = checkpoint.processor(text=[text], images=[stand_ins], add_special_tokens=special, **tiling)
    photographs = [checkpoint.photographs.photograph(stand_in) for stand_in in stand_ins]
    known = tuple(photograph for photograph in photographs if photograph is not None)
    if len(known) == len(images):
        return EncodedPrompt(*_rows(batch), known)
    batch = checkpoint.processor(
        text=[text],
        images=[[source.read() for source in sources]],
        return_tensors="pt",
        add_special_tokens=special,
        **tiling,
    )
    shape = batch["input_ids"].shape
    tokens = {name: value.tolist() for name, value in tensors_of(batch).items() if value.shape == shape}
    whole = {name: value for name, value in tensors_of(batch).items() if value.shape != shape}
    return EncodedPrompt(*_rows(tokens), (Photograph(None, whole),))


def _rows(batch: Any) -> tuple[list[int], dict[str, list[int]]]:
    """Returns the only row of a batch: its tokens, and what is said of each beside the mask."""
    ids = list(batch["input_ids"][0])
    types = {
        name: list(rows[0])
        for name, rows in batch.items()
        if name not in ("input_ids", "attention_mask") and len(rows) == 1 and len(rows[0]) == len(ids)
    }
    return ids, types


def collate(checkpoint: Checkpoint, photographs: Sequence[Photograph]) -> dict[str, Any]:
    """Joins photographs into the tensors that the model takes, on its device and in its weights' dtype.

    Tensors are joined along their first axis; where their other sides differ, the smaller ones are padded with zeros.
    """
    accepted = signature(type(checkpoint.model).forward).parameters
    joined: dict[str, Any] = {}
    for name in dict.fromkeys(name for photograph in photographs for name in photograph.tensors):
        if name in accepted:
            parts = [photograph.tensors[name] for photograph in photographs]
            joined[name] = on_device(checkpoint, _joined(parts))
    return joined


def _joined(parts: Sequence[Any]) -> Any:
    import torch

    sides = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]

    def padded(part: Any) -> Any:
        missing = [side - size for side, size in zip(sides, part.shape[1:], strict=True)]
        margins = [margin for size in reversed(missing) for margin in (0, size)]
        return torch.nn.functional.pad(part, margins) if any(missing) else part

    return torch.cat([padded(part) for part in parts])


def on_device(checkpoint: Checkpoint, tensor: Any) -> Any:
    """Moves a tensor to the model's device; numbers that are no whole ones take its weights' dtype."""
    dtype = checkpoint.model.dtype if tensor.is_floating_point() else tensor.dtype
    return tensor.to(checkpoint.device, dtype, non_blocking=True)


def model_inputs(checkpoint: Checkpoint, prompt: EncodedPrompt) -> dict[str, Any]:
    """Returns one prompt as the model's tensors, for a generation."""
    import torch

    def row(values: list[int]) -> Any:
        return torch.tensor([values]).to(checkpoint.device)

    tokens = {name: row(values) for name, values in prompt.types.items()}
    tokens |= {"input_ids": row(prompt.ids), "attention_mask": row([1] * len(prompt.ids))}
    return {**tokens, **(collate(checkpoint, prompt.photographs) if prompt.photographs else {})}


def _tiling(checkpoint: Checkpoint, max_pixels: int) -> dict[str, Any]:
    """Returns arguments for processors that blow every image up to tiles (Idefics 3, SmolVLM)."""
    processor = checkpoint.processor.image_processor
    tile = getattr(processor, "max_image_size", None)
    if not getattr(processor, "do_image_splitting", False) or tile is None:
        return {}
    edge = int(tile["longest_edge"])
    return {"size": {"longest_edge": max(1, min(int(max_pixels**0.5) // edge, 4)) * edge}}
