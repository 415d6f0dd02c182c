"""Conversations as a model's input tensors: images within their budget, padded on the left."""

from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError
from langchain_core.messages import BaseMessage
from PIL import Image

from echo_agent.errors import ModelError
from echo_agent.images.budget import within_budget
from echo_agent.mllm.checkpoint import Checkpoint
from echo_agent.mllm.messages import to_template

Conversation = Sequence[BaseMessage]


def render(
    checkpoint: Checkpoint, conversation: Conversation, *, read_images: bool = True
) -> tuple[str, list[Image.Image]]:
    """Renders a conversation by the model's own chat template, up to where its answer begins.

    Returns:
        The text with one placeholder an image, and the images in reading order.

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


def encode(
    checkpoint: Checkpoint, texts: Sequence[str], images: Sequence[Sequence[Image.Image]], max_pixels: int
) -> dict[str, Any]:
    """Encodes rendered texts with their images as one batch on the model's device.

    Args:
        checkpoint: The loaded model.
        texts: One rendered conversation a row.
        images: The images of each row, in reading order.
        max_pixels: Pixels an image is reduced to at most.

    Returns:
        The processor's tensors; ``input_ids`` has shape (rows, tokens), padded on the left.
    """
    arguments: dict[str, Any] = {}
    reduced = [[within_budget(image, max_pixels) for image in row] for row in images]
    if any(reduced):
        arguments["images"] = reduced
        arguments |= _tiling(checkpoint, max_pixels)
    batch = checkpoint.processor(
        text=list(texts),
        return_tensors="pt",
        padding=True,
        add_special_tokens=adds_special_tokens(checkpoint, texts[0]),
        **arguments,
    ).to(checkpoint.device)
    return {name: _as_weights(checkpoint, value) for name, value in batch.items()}


def _tiling(checkpoint: Checkpoint, max_pixels: int) -> dict[str, Any]:
    """Returns arguments for processors that blow every image up to tiles (Idefics 3, SmolVLM)."""
    processor = checkpoint.processor.image_processor
    tile = getattr(processor, "max_image_size", None)
    if not getattr(processor, "do_image_splitting", False) or tile is None:
        return {}
    edge = int(tile["longest_edge"])
    return {"size": {"longest_edge": max(1, min(int(max_pixels**0.5) // edge, 4)) * edge}}


def _as_weights(checkpoint: Checkpoint, value: Any) -> Any:
    """Casts pixels to the weights' dtype; ids and masks stay whole numbers."""
    is_number = hasattr(value, "is_floating_point") and value.is_floating_point()
    return value.to(checkpoint.model.dtype) if is_number else value
