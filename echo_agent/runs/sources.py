"""Where the photographs of a run are named: folders, patterns, lists, standard input."""

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path

from echo_agent.csv_table import PHOTOGRAPH_COLUMN, read_table
from echo_agent.errors import ImageError
from echo_agent.images.listing import is_image, list_images
from echo_agent.runs.photograph import Photograph

COLUMNS = {
    "image": (*PHOTOGRAPH_COLUMN, "photograph"),
    "part": ("part", "part_id", "teil", "teilenummer"),
}
"""What a column of a list means, and the names by which it is known."""


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
        DatasetError: A list cannot be read. What it names is not looked for: that it is missing is told when it is
            inspected.
        ImageError: A folder or a pattern holds no image.
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
    rows, _ = read_table(file, COLUMNS, ("image",))
    for row in rows:
        if row.cells["image"]:
            place = row.cells["image"].replace("\\", "/")
            yield Photograph.at(file.parent / place, row.cells.get("part") or None)
