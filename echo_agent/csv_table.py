"""Reading tables as programs write them: comma, semicolon or tab, UTF-8 or UTF-16, German heads and decimal commas."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from echo_agent.errors import DatasetError

SEPARATORS = (",", ";", "\t")
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
"""What a file of another encoding than UTF-8 begins with."""

PHOTOGRAPH_COLUMN = (
    "image",
    "path",
    "image_path",
    "file",
    "filename",
    "bild",
    "datei",
    "dateiname",
    "pfad",
)
"""Names of the column with the photographs' paths."""


@dataclass(frozen=True)
class Row:
    """A line of a table: its number in the file, and the cell of each column's meaning, without blanks around."""

    line: int
    cells: Mapping[str, str]


def read_rows(file: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Reads a table whose first line names its columns.

    Args:
        file: The table.

    Returns:
        The names, and for each further line but empty ones its number in the file and a cell for each name.

    Raises:
        DatasetError: The file cannot be read.
    """
    try:
        data = file.read_bytes()
        text = data.decode(MARKS.get(data[:2], "utf-8-sig"))
    except (OSError, UnicodeError) as error:
        raise DatasetError(f"{file} cannot be read as a table ({error}): save it as CSV in UTF-8") from error
    head, _, rest = text.partition("\n")
    before = 0
    if head.lower().startswith("sep="):
        before, text = 1, rest
        head = rest.partition("\n")[0]
    lines, begins = [], before + 1
    reader = csv.reader(io.StringIO(text), delimiter=max(SEPARATORS, key=head.count), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((begins, [cell.strip() for cell in cells]))
            begins = before + reader.line_num + 1
    except csv.Error as error:
        raise DatasetError(f"{file} cannot be read as a table ({error}): save it as CSV anew") from error
    names = lines[0][1] if lines else []
    for number, cells in lines[1:]:
        if len(cells) > len(names):
            raise DatasetError(
                f"{file}, line {number}: {len(cells)} cells under {len(names)} names: quote them"
            )
    return names, [(number, [*cells, *[""] * (len(names) - len(cells))]) for number, cells in lines[1:]]


def read_table(
    file: Path, columns: Mapping[str, Sequence[str]], required: Sequence[str]
) -> tuple[list[Row], tuple[str, ...]]:
    """Reads a table by what its columns mean; see ``read_rows``.

    Args:
        file: The table.
        columns: What a column means, and the names by which it is known, in small letters.
        required: Meanings that must be there.

    Returns:
        Its lines but empty ones, and the names of columns that mean nothing here.

    Raises:
        DatasetError: The file cannot be read, or lacks a column.
    """
    written, lines = read_rows(file)
    names = [name.lower() for name in written]
    found = {
        meaning: next(names.index(word) for word in words if word in names)
        for meaning, words in columns.items()
        if any(word in names for word in words)
    }
    for meaning in required:
        if meaning not in found:
            raise DatasetError(
                f"{file} has no column {meaning}: its first line must name {' and '.join(required)}"
            )
    rows = [
        Row(number, {meaning: cells[place] for meaning, place in found.items()}) for number, cells in lines
    ]
    unknown = tuple(name for place, name in enumerate(names) if name and place not in found.values())
    return rows, unknown


def whole_number(text: str) -> int:
    """Reads a count, with or without a decimal point or comma: ``4``, ``4.0``, ``4,0``.

    Raises:
        ValueError: It is no whole number.
    """
    value = float(text.replace(",", "."))
    if value != int(value):
        raise ValueError(f"{text} is no whole number")
    return int(value)
