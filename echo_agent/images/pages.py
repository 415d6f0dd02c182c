"""Files of several pictures: a TIFF, GIF or APNG of which one page is judged only where it is asked for."""

import re
from pathlib import Path

from PIL import Image

from echo_agent.errors import ImageError

SEVERAL = frozenset({"TIFF", "GIF", "PNG", "WEBP"})
"""Kinds of files whose frames are pictures of their own; those of a JPEG are previews of the one picture."""

_NEW_SUBFILE_TYPE = 254
_REDUCED_OR_MASK = 0b101
_NAMED = re.compile(r"(?P<file>.+)#page=(?P<page>\d{1,6})", re.DOTALL)


def split_page(path: str | Path) -> tuple[Path, int | None]:
    """Splits ``photo.tif#page=2`` into the file and the page; a file that is called so is no page of another."""
    named = _NAMED.fullmatch(str(path))
    if named is None or Path(path).exists():
        return Path(path), None
    return Path(named["file"]), int(named["page"])


def turn_to_page(image: Image.Image, page: int | None, *, name: str) -> None:
    """Turns an opened file to the page that is asked for, counted from 1.

    Previews and masks beside a TIFF's picture are no pages.

    Raises:
        ImageError: The file has several pages and none was asked for, or not that one.
    """
    pages = _pages(image) if image.format in SEVERAL else [0]
    if page is None and len(pages) > 1:
        raise ImageError(
            f"{name} holds {len(pages)} pictures, and one is judged at a time: name it, such as "
            f"{Path(name).name}#page=1, or save each as a file of its own"
        )
    if page is not None and not 1 <= page <= len(pages):
        raise ImageError(f"{name} has no page {page}: it holds {len(pages)}")
    image.seek(pages[(page or 1) - 1])


def _pages(image: Image.Image) -> list[int]:
    frames = range(getattr(image, "n_frames", 1))
    if image.format != "TIFF" or len(frames) == 1:
        return list(frames)
    pages = []
    for frame in frames:
        image.seek(frame)
        tags = getattr(image, "tag_v2", {})
        if not int(tags.get(_NEW_SUBFILE_TYPE, 0)) & _REDUCED_OR_MASK:
            pages.append(frame)
    return pages or [0]
