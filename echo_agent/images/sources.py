"""From an image's source to its bytes: within the allowed folders, sizes and hosts, or not at all."""

import base64
import binascii
from pathlib import Path

from echo_agent.errors import ImageError
from echo_agent.images.message_blocks import ImageSource
from echo_agent.images.policy import OWN, ImagePolicy
from echo_agent.images.remote import fetch


def source_bytes(source: ImageSource, policy: ImagePolicy) -> bytes:
    """The bytes of an image that a message brings or names.

    Args:
        source: Where the image is; not one that was stored, which only its memory finds.
        policy: How large it may be, and where it may lie.

    Raises:
        ImageError: The image is too large, outside the allowed folders or hosts, or cannot be read.
    """
    if source.kind == "base64":
        _check_size(len(source.value) * 3 // 4, policy)
        return base64_bytes(source.value)
    if source.kind == "url":
        if not policy.urls:
            raise ImageError(
                "images are not fetched from addresses here: send the photograph itself, or set ECHO_IMAGE_URLS=true"
            )
        return fetch(source.value, int(policy.max_megabytes * 1e6))
    if source.kind == "path":
        return _from_allowed_folder(source.value, policy)
    raise ImageError("a photograph that was stored is known to its memory alone: send the photograph again")


def read_file(path: Path, policy: ImagePolicy = OWN) -> bytes:
    """Reads an image file that the person at this machine named.

    Raises:
        ImageError: It is missing or too large.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise ImageError(f"{path} is no file: name a photograph")
        _check_size(size, policy)
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path} cannot be read ({error.strerror}): check the path") from error


def base64_bytes(text: str) -> bytes:
    """Decodes base64 in the spellings that clients send: with line breaks, URL-safe, without padding.

    Raises:
        ImageError: The text is no base64, or empty.
    """
    compact = "".join(text.split()).replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageError("the image in the message is not base64: send the photograph again") from error
    if not data:
        raise ImageError("the image in the message is empty: send the photograph again")
    return data


def _from_allowed_folder(name: str, policy: ImagePolicy) -> bytes:
    """Reads a file below an allowed folder; whether others exist is not told."""
    try:
        path = Path(name).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ImageError("that is no path of an image: send the photograph itself") from error
    folders = [folder.expanduser().resolve() for folder in policy.folders]
    if not any(path.is_relative_to(folder) for folder in folders):
        allowed = ", ".join(str(folder) for folder in folders) or "none are allowed"
        raise ImageError(
            f"{name[:200]} lies outside the folders that images are read from ({allowed}): "
            "send the photograph itself, or allow its folder by ECHO_IMAGE_FOLDERS"
        )
    return read_file(path, policy)


def _check_size(size: int, policy: ImagePolicy) -> None:
    if size > policy.max_megabytes * 1e6:
        raise ImageError(
            f"the image has {size / 1e6:.0f} MB, more than the {policy.max_megabytes:g} MB allowed: "
            "scale it down or raise ECHO_MAX_IMAGE_MEGABYTES"
        )
