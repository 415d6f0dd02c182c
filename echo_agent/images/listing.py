"""The photographs of a folder, and what lies beside them and is not taken: that is told."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from echo_agent.errors import ImageError
from echo_agent.files import digest_of
from echo_agent.images.decoding import IMAGE_SUFFIXES
from echo_agent.images.heif import HEIF_SUFFIXES, REMEDY, is_heif_read
from echo_agent.state.notation import counted

LOG = logging.getLogger(__name__)

SAMPLE = 4096
SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})


def list_images(folder: str | Path, *, recursive: bool = False) -> list[Path]:
    """Lists the image files of a folder, sorted by path, without hidden ones; what is left out is logged as a warning.

    Args:
        folder: The folder.
        recursive: Whether those in the folders below are taken too.

    Raises:
        ImageError: The folder is missing or holds no image.
    """
    place = Path(folder)
    if not place.is_dir():
        raise ImageError(f"{place} is not a folder: name the folder with the photographs")
    found = sorted(
        path for path in (place.rglob("*") if recursive else place.iterdir()) if _is_shown(path, place)
    )
    files = [path for path in found if path.is_file()]
    images = [path for path in files if is_image(path)]
    left_out = _left_out([path for path in files if not is_image(path)])
    if not recursive:
        left_out += _below([path for path in found if path.is_dir()])
    if not images:
        beside = f"; {'; '.join(left_out)}" if left_out else ""
        raise ImageError(
            f"{place} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))}): check the path{beside}"
        )
    for what in (*left_out, *repeated(images)):
        LOG.warning("%s: %s", place, what)
    return images


def is_image(path: Path) -> bool:
    """Whether a file's name says that it is an image that can be read here."""
    suffix = path.suffix.lower()
    return suffix in IMAGE_SUFFIXES or (suffix in HEIF_SUFFIXES and is_heif_read())


def repeated(files: Sequence[Path]) -> list[str]:
    """Tells how many photographs some files hold, where several are the same byte for byte."""
    alike: dict[tuple[int, bytes], list[Path]] = {}
    for file in files:
        try:
            alike.setdefault(_sample(file), []).append(file)
        except OSError:  # it is told when it is read
            continue
    more = sum(
        len(same) - len({digest_of(file) for file in same}) for same in alike.values() if len(same) > 1
    )
    photographs = counted(len(files) - more, "photograph")
    return [f"{len(files)} files, {photographs}: the others are copies of these"] if more else []


def _sample(file: Path) -> tuple[int, bytes]:
    """Size and a piece of the middle of a file: what differs in them is not the same."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        stream.seek(size // 2)
        return size, stream.read(SAMPLE)


def _left_out(others: Iterable[Path]) -> list[str]:
    """Tells of the files of other kinds, those of phones with what reads them."""
    kinds = Counter(
        path.suffix.lower() or path.name for path in others if path.name.lower() not in SYSTEM_FILES
    )
    told = []
    for kind, count in sorted(kinds.items()):
        remedy = f" ({REMEDY})" if kind in HEIF_SUFFIXES else ""
        told.append(f"{counted(count, f'{kind} file')} left out{remedy}")
    return told


def _below(folders: Iterable[Path]) -> list[str]:
    """Tells of the photographs in folders below."""
    held = {
        folder: sum(
            is_image(path) and path.is_file() for path in folder.rglob("*") if _is_shown(path, folder)
        )
        for folder in folders
    }
    full = {folder.name: count for folder, count in held.items() if count}
    if not full:
        return []
    names = ", ".join(list(full)[:3]) + (", ..." if len(full) > 3 else "")
    count = sum(full.values())
    return [f"{counted(count, 'photograph')} in folders below ({names}) left out: --recursive takes them"]


def _is_shown(path: Path, folder: Path) -> bool:
    return not any(part.startswith(".") for part in path.relative_to(folder).parts)
