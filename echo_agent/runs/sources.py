"""Where the photographs of a run are named: folders, patterns, lists, standard input."""

import csv
import glob
from collections.abc import Iterable, Iterator
from pathlib import Path

from echo_agent.errors import ImageError
from echo_agent.images.listing import is_image, list_images
from echo_agent.runs.photograph import Photograph

IMAGE_COLUMNS = ("image", "path", "file", "filename", "photograph")
PART_COLUMNS = ("part", "part_id")


def photographs_of(
    source: str, lines: Iterable[str] = (), *, recursive: bool = False
) -> Iterator[Photograph]:
    """Finds the photographs that a source names.

    Args:
        source: A photograph, a folder, a pattern such as ``new/*.png`` (``**`` for folders below), a CSV file with a
            column ``image`` (and ``part``, where it says so), or ``-``.
        lines: What ``-`` stands for: a path a line.
        recursive: Whether a folder stands for the folders below it too.

    Raises:
        ImageError: A folder or a pattern holds no image, or a list cannot be read. What a list names is not looked
            for: that it is missing is told when it is inspected.
    """
    place = Path(source)
    if source == "-":
        yield from (Photograph.at(Path(line.strip())) for line in lines if line.strip())
    elif place.is_dir():
        yield from map(Photograph.at, list_images(place, recursive=recursive))
    elif place.suffix.lower() == ".csv" and place.exists():
        yield from _listed(place)
    elif glob.has_magic(source) and not place.exists():
        found = [Path(name) for name in sorted(glob.glob(source, recursive=True))]
        images = [path for path in found if is_image(path) and path.is_file()]
        if not images:
            raise ImageError(f"{source} matches no image: check the pattern")
        yield from map(Photograph.at, images)
    else:
        yield Photograph.at(place)


def _listed(file: Path) -> Iterator[Photograph]:
    """Reads a list; its paths are relative to its own folder."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ImageError(f"{file} cannot be read ({error}): save the list as UTF-8") from error
    head = text.split("\n", 1)[0]
    rows = csv.DictReader(text.splitlines(), delimiter=";" if head.count(";") > head.count(",") else ",")
    names = {name.strip().casefold(): name for name in rows.fieldnames or ()}
    image = next((names[name] for name in IMAGE_COLUMNS if name in names), None)
    part = next((names[name] for name in PART_COLUMNS if name in names), None)
    if image is None:
        raise ImageError(f"{file} has no column {IMAGE_COLUMNS[0]!r}: name the column with the paths so")
    for row in rows:
        if row[image]:
            said = (row[part] or "").strip() if part is not None else ""
            yield Photograph.at(file.parent / row[image].strip(), said or None)
