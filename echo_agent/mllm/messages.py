"""LangChain messages as chat templates of HuggingFace processors read them."""

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage
from PIL import Image

from echo_agent.errors import ModelError
from echo_agent.images.budget import read_base64, read_path

Block = dict[str, Any]


def _image_source(block: Block) -> str | None:
    """Returns base64 data or a data URL of an image block in any of the spellings that clients send."""
    if block.get("type") == "image_url":
        url = block.get("image_url")
        return url.get("url") if isinstance(url, dict) else url
    for key in ("base64", "data", "url"):
        if isinstance(block.get(key), str):
            return str(block[key])
    return None


def read_block(block: Block) -> Image.Image:
    """Reads the image of a content block: base64, a data URL, or ``path`` for a file that Echo stored.

    Nothing is fetched: a URL of the network or of the file system is refused, since a message may come from
    anyone.

    Raises:
        ModelError: The block names no image or a URL.
        ImageError: The image cannot be read.
    """
    if isinstance(block.get("path"), str):
        return read_path(block["path"])
    source = _image_source(block)
    if source is None:
        raise ModelError("an image block carries neither 'base64' nor 'path': send the image itself")
    if source.startswith("data:"):
        return read_base64(source.partition(",")[2])
    if "://" in source[:16]:
        raise ModelError(
            "an image block names a URL, which Echo does not fetch: send the image itself as base64"
        )
    return read_base64(source)


def _role(message: BaseMessage) -> str:
    if isinstance(message, SystemMessage):
        return "system"
    if isinstance(message, AIMessage):
        return "assistant"
    if isinstance(message, ToolMessage):
        return "tool"
    return "user"


def to_template(
    messages: Sequence[BaseMessage], *, read_images: bool = True
) -> tuple[list[dict[str, Any]], list[Image.Image]]:
    """Splits messages into what a chat template renders and the images in reading order.

    Args:
        messages: The messages.
        read_images: Whether to read the images; without it only their places are told.

    Raises:
        ModelError: A content block that is neither text nor an image.
        ImageError: An image that cannot be read.
    """
    rendered: list[dict[str, Any]] = []
    images: list[Image.Image] = []
    for message in messages:
        blocks = message.content if isinstance(message.content, list) else [message.content]
        content: list[Block] = []
        for block in blocks:
            if isinstance(block, str):
                content.append({"type": "text", "text": block})
            elif block.get("type") == "text":
                content.append({"type": "text", "text": str(block["text"])})
            elif block.get("type") in ("image", "image_url"):
                images += [read_block(block)] if read_images else []
                content.append({"type": "image"})
            else:
                raise ModelError(
                    f"a message holds a {block.get('type')!r} block; Echo's models read text and images"
                )
        rendered.append({"role": _role(message), "content": content})
    return rendered, images
