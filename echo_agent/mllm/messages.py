"""LangChain messages as chat templates of HuggingFace processors read them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage

from echo_agent.errors import ImageError, ModelError
from echo_agent.images.decoding import check_file, read_image_file
from echo_agent.images.message_blocks import source_of
from echo_agent.images.policy import USUAL
from echo_agent.images.sources import base64_bytes

Block = dict[str, Any]


class ImageFile(NamedTuple):
    """The content of an image file, and how it is called in errors."""

    name: str
    data: bytes


def read_block(block: Block) -> ImageFile:
    """Reads the image file of a content block: base64, a data URL, or ``path`` for a file that Echo stored.

    Nothing is fetched: a URL of the network or of the file system is refused, since a message may come from
    anyone.

    Raises:
        ImageError: The block carries no image, one that cannot be read, or the name of one.
    """
    if isinstance(block.get("path"), str):
        return ImageFile(block["path"], read_image_file(block["path"]))
    source = source_of(block)
    if source.kind != "base64":
        raise ImageError(
            "an image block names an address, which Echo does not fetch: send the image itself as base64"
        )
    image = ImageFile("an image in a message", base64_bytes(source.value))
    check_file(image.data, USUAL, name=image.name)
    return image


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
) -> tuple[list[dict[str, Any]], list[ImageFile]]:
    """Splits messages into what a chat template renders and the images' files in reading order.

    Args:
        messages: The messages.
        read_images: Whether to read the images; without it only their places are told.

    Raises:
        ModelError: A content block that is neither text nor an image.
        ImageError: An image that cannot be read.
    """
    rendered: list[dict[str, Any]] = []
    images: list[ImageFile] = []
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
