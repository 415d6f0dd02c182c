"""From an image's source to its bytes: within the allowed folders, sizes and hosts, or not at all."""

import base64
import binascii
from pathlib import Path

from echo_agent.errors import ImageError
from echo_agent.images.message_blocks import ImageSource
from echo_agent.images.remote import fetch
from echo_agent.memory.memory import Memory
from echo_agent.settings import Settings, process_settings
from echo_agent.state import ImageRef


def store_source(source: ImageSource, memory: Memory) -> ImageRef:
    """Stores the image of a message, in the memory's folder.

    Args:
        source: Where the image is.
        memory: The memory that keeps it.

    Raises:
        ImageError: The image is too large, outside the allowed folders or hosts, or cannot be read.
    """
    if source.kind == "kept":
        return memory.kept_image(source.value)
    return memory.store_image(_bytes_of(source, process_settings()))


def read_file(path: Path, settings: Settings) -> bytes:
    """Reads an image file that the person at this machine named.

    Raises:
        ImageError: It is missing or too large.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise ImageError(f"{path} is no file: name a photograph")
        _check_size(size, settings)
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path} cannot be read ({error.strerror}): check the path") from error


def _bytes_of(source: ImageSource, settings: Settings) -> bytes:
    if source.kind == "base64":
        _check_size(len(source.value) * 3 // 4, settings)
        return _decoded(source.value)
    if source.kind == "url":
        if not settings.image_urls:
            raise ImageError(
                "images are not fetched from addresses here: send the photograph itself, or set ECHO_IMAGE_URLS=true"
            )
        return fetch(source.value, int(settings.max_image_megabytes * 1e6))
    return _from_allowed_folder(source.value, settings)


def _decoded(text: str) -> bytes:
    compact = "".join(text.split()).replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageError("the image in the message is not base64: send the photograph again") from error
    if not data:
        raise ImageError("the image in the message is empty: send the photograph again")
    return data


def _from_allowed_folder(name: str, settings: Settings) -> bytes:
    """Reads a file below an allowed folder; whether others exist is not told."""
    try:
        path = Path(name).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ImageError("that is no path of an image: send the photograph itself") from error
    folders = [folder.expanduser().resolve() for folder in settings.image_folders]
    if not any(path.is_relative_to(folder) for folder in folders):
        allowed = ", ".join(str(folder) for folder in folders) or "none are allowed"
        raise ImageError(
            f"{name[:200]} lies outside the folders that images are read from ({allowed}): "
            "send the photograph itself, or allow its folder by ECHO_IMAGE_FOLDERS"
        )
    return read_file(path, settings)


def _check_size(size: int, settings: Settings) -> None:
    if size > settings.max_image_megabytes * 1e6:
        raise ImageError(
            f"the image has {size / 1e6:.0f} MB, more than the {settings.max_image_megabytes:g} MB allowed: "
            "scale it down or raise ECHO_MAX_IMAGE_MEGABYTES"
        )
