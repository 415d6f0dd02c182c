"""Photographs as phones keep them (HEIC, HEIF): read where the extra ``heic`` is installed."""

from functools import cache
from importlib.util import find_spec

from echo_agent.errors import ImageError

HEIF_SUFFIXES = frozenset({".heic", ".heif"})
REMEDY = "pip install 'echo-agent[heic]', or save it as JPEG"

BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def is_heif_read() -> bool:
    """Whether such files are read here."""
    return find_spec("pillow_heif") is not None


def formats_of(data: bytes, name: str) -> tuple[str, ...]:
    """The kind of file that Pillow has to be allowed beside the usual ones; none where the bytes are no such file.

    Raises:
        ImageError: They are one, and the extra is not installed.
    """
    if data[4:8] != b"ftyp" or data[8:12] not in BRANDS:
        return ()
    if not is_heif_read():
        raise ImageError(f"{name} is a photograph as phones keep them (HEIC): {REMEDY}")
    _register()
    return ("HEIF",)


@cache
def _register() -> None:
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False)
