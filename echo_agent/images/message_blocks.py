"""Images in messages: all the forms in which clients send them, brought to one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from langchain_core.messages import HumanMessage

from echo_agent.errors import ImageError
from echo_agent.images.decoding import IMAGE_SUFFIXES

MAX_TEXT_LENGTH = 8_000
"""Characters of a message's text; a longer one is no question about a part."""

MAX_NAME_LENGTH = 300
"""Characters of a photograph's name that are taken of a message."""

KEPT = "echo-image:"
"""Prefix under which a message names an image that was stored, followed by its SHA-256."""

_SUFFIXES = "|".join(sorted(suffix.lstrip(".") for suffix in IMAGE_SUFFIXES))
_DATA_URL = re.compile(r"data:[\w.+-]{1,40}/[\w.+-]{1,60};base64,[A-Za-z0-9+/=_-]*")
_NAMED_IN_TEXT = re.compile(
    rf"(?:^|(?<=\s))(?:\"([^\"\n]{{1,1000}}\.(?:{_SUFFIXES}))\"|((?:https?://|file://|~?\.{{0,2}}/)\S{{1,1000}}\.(?:{_SUFFIXES})))"
    r"(?=$|[\s?!,;])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ImageSource:
    """Where the image of a message is.

    Attributes:
        kind: ``base64`` text, a ``path`` on the server's disk, a ``url``, or one ``kept`` under its SHA-256.
        value: That text.
        name: What the photograph is called by whoever sent it: its file's name, path or address.
    """

    kind: Literal["base64", "path", "url", "kept"]
    value: str
    name: str | None = None


@dataclass(frozen=True)
class MessageParts:
    """A message taken apart: its text, and its images in order."""

    text: str
    images: tuple[ImageSource, ...] = ()


def take_apart(content: str | Sequence[str | dict[str, Any]]) -> MessageParts:
    """Takes a message's content apart.

    Read are text, data URLs and image paths within text, and image blocks: LangChain's v1 (``base64``, ``url``) and
    v0 (``source_type``), OpenAI's (``image_url``, ``input_image``), Anthropic's (``source``), and agent-chat-ui's
    (``mimeType`` with ``data``).

    Args:
        content: ``content`` of a LangChain message.

    Raises:
        ImageError: A block is no text and no image that can be read, or the text is too long.
    """
    texts: list[str] = []
    images: list[ImageSource] = []
    for block in [content] if isinstance(content, str) else content:
        if isinstance(block, str):
            text, found = _in_text(block)
        elif block.get("type") == "text":
            text, found = _in_text(str(block.get("text", "")))
        else:
            text, found = "", [named_source(block)]
        texts.append(text)
        images += found
    text = "\n".join(part for part in texts if part)
    if len(text) > MAX_TEXT_LENGTH:
        raise ImageError(
            f"the message has {len(text)} characters, more than the {MAX_TEXT_LENGTH} allowed: ask in fewer words"
        )
    return MessageParts(text, tuple(images))


def _in_text(text: str) -> tuple[str, list[ImageSource]]:
    images = [source_at(found.group()) for found in _DATA_URL.finditer(text)]
    rest = _DATA_URL.sub("", text)
    if len(rest) <= MAX_TEXT_LENGTH:
        images += [source_at(found.group(1) or found.group(2)) for found in _NAMED_IN_TEXT.finditer(rest)]
        rest = _NAMED_IN_TEXT.sub("", rest)
    return rest.strip(), images


def named_source(block: dict[str, Any]) -> ImageSource:
    """``source_of`` with the name under which a client sent it."""
    source = source_of(block)
    return replace(source, name=_name_in(block) or source.name)


def source_of(block: dict[str, Any]) -> ImageSource:
    """Tells where the image of a message's block is; see ``take_apart``.

    Raises:
        ImageError: The block is no image.
    """
    kind = str(block.get("type"))
    if kind not in {"image", "image_url", "input_image", "file"}:
        raise ImageError(f"a message part of type {kind[:40]!r} cannot be read: send text or one photograph")
    source = block.get("source")
    inner = source if isinstance(source, dict) else block
    mime = inner.get("mime_type") or inner.get("mimeType") or inner.get("media_type") or "image/unknown"
    if not str(mime).startswith("image/"):
        raise ImageError(f"a file of type {str(mime)[:40]!r} is no image: send a PNG or JPEG")
    for key in ("base64", "data"):
        if isinstance(inner.get(key), str):
            return ImageSource("base64", _without_header(inner[key]))
    given = inner.get("url") or inner.get("image_url") or inner.get("path")
    address = given.get("url") if isinstance(given, dict) else given
    if isinstance(address, str) and address:
        return source_at(address)
    raise ImageError("the message has an image part without an image: send it as base64 or as a data URL")


def source_at(address: str) -> ImageSource:
    """Tells where an image is that is named by a data URL, the name of a stored one, a web address or a path.

    Raises:
        ImageError: The address is none of these.
    """
    if address.startswith("data:"):
        if ";base64," not in address[:200]:
            raise ImageError("a data URL that is not base64 cannot be read: send data:image/png;base64,...")
        return ImageSource("base64", _without_header(address))
    if address.startswith(KEPT):
        return ImageSource("kept", address.removeprefix(KEPT))
    if address.startswith(("http://", "https://")):
        return ImageSource("url", address, address)
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", address)
    if scheme:
        raise ImageError(
            f"an address that begins with {scheme.group()[:20]} is not read: send the image itself"
        )
    return ImageSource("path", address, address)


def _name_in(block: dict[str, Any]) -> str | None:
    """The file's name, as agent-chat-ui (``metadata``) and others send it beside the image."""
    metadata = block.get("metadata")
    beside = metadata if isinstance(metadata, dict) else {}
    names = (beside.get("name"), beside.get("filename"), block.get("filename"), block.get("name"))
    return next((name[:MAX_NAME_LENGTH] for name in names if isinstance(name, str) and name.strip()), None)


def kept_message(
    text: str, sha256: str, name: str | None = None, identity: str | None = None
) -> HumanMessage:
    """A person's message about an image that was stored: in place of its pixels its SHA-256, and what it is called."""
    photograph: dict[str, Any] = {"type": "image", "url": f"{KEPT}{sha256}"}
    if name is not None:
        photograph["metadata"] = {"name": name}
    blocks: list[str | dict[str, Any]] = [photograph]
    if text:
        blocks.insert(0, {"type": "text", "text": text})
    return HumanMessage(content=blocks, id=identity)


def _without_header(data: str) -> str:
    return data.split(",", 1)[1] if data.startswith("data:") and "," in data[:200] else data
