"""Reading datasets that a CSV file lists, such as VisA as it is published."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from echo_agent.errors import DatasetError
from echo_agent.evaluation.category import GOOD, Category, LabelledImage

GOOD_WORDS = ("good", "normal", "ok")
GOOD_LABELS = frozenset({*GOOD_WORDS, "0", "false"})
BARE_LABELS = {"1": "defective", "true": "defective"}

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "image": ("image", "path", "image_path", "file", "filename"),
    "label": ("label", "kind", "defect", "class"),
    "split": ("split", "set"),
    "mask": ("mask", "mask_path", "masks"),
    "category": ("object", "category", "product"),
}
"""What a column means, and the names by which it is known; image and label must be there."""

MASKS_BETWEEN = ";"


def read_csv(file: Path, root: Path) -> list[Category]:
    """Reads the categories that a CSV file lists, a photograph a line.

    The first line names the columns: ``image`` (its path), ``label`` (``good``, ``normal``, ``ok`` or ``0`` for a good
    part, else the name of the defect or ``1``), and where there are such ``split`` (``train`` or ``test``), ``mask``
    (one or more paths with ``;`` between) and ``object`` (the category; the file's name where there is no such column).
    Without ``split`` the good photographs serve as references and, where they are not chosen, as tests.

    Args:
        file: The CSV file, UTF-8.
        root: What its paths are relative to.

    Returns:
        The categories by name.

    Raises:
        DatasetError: The file cannot be read, lacks a column, or names a photograph that does not exist.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            columns = _columns(reader.fieldnames or (), file)
            rows = [
                {meaning: (row[name] or "").strip() for meaning, name in columns.items()}
                | {"line": str(line)}
                for line, row in enumerate(reader, start=2)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            f"{file} cannot be read as a CSV file ({error}): check path and encoding"
        ) from error
    names = sorted({row.get("category") or file.stem for row in rows})
    if not names:
        raise DatasetError(f"{file} lists no photographs: give a line for each")
    return [
        _category(name, [row for row in rows if (row.get("category") or file.stem) == name], file, root)
        for name in names
    ]


def _columns(names: Sequence[str], file: Path) -> dict[str, str]:
    """Finds what the columns mean."""
    known = {name.strip().lower(): name for name in names}
    found = {
        meaning: known[next(word for word in words if word in known)]
        for meaning, words in COLUMNS.items()
        if any(word in known for word in words)
    }
    for meaning in ("image", "label"):
        if meaning not in found:
            raise DatasetError(f"{file} has no column {meaning}: its first line must name image and label")
    return found


def _category(name: str, rows: Iterable[Mapping[str, str]], file: Path, root: Path) -> Category:
    normals: list[Path] = []
    tests: list[LabelledImage] = []
    for row in rows:
        image = LabelledImage(
            path=_existing(row["image"], row, file, root),
            kind=_kind(row, file),
            masks=tuple(
                _existing(mask.strip(), row, file, root)
                for mask in row.get("mask", "").split(MASKS_BETWEEN)
                if mask.strip()
            ),
        )
        split = row.get("split", "").lower()
        if not image.defective and split in {"", "train"}:
            normals.append(image.path)
        if split in {"", "test"}:
            tests.append(image)
    if not normals or not tests:
        missing = "good photographs to learn from" if not normals else "test photographs"
        raise DatasetError(
            f"{file} lists no {missing} of {name}: label them good, and split them train or test"
        )
    return Category(
        name=name,
        normals=tuple(sorted(normals, key=lambda path: path.name)),
        tests=tuple(sorted(tests, key=lambda test: test.path)),
    )


def _kind(row: Mapping[str, str], file: Path) -> str:
    label = row["label"].lower()
    if not label:
        raise DatasetError(f"{file}, line {row['line']}: the label is empty: write good or the defect's name")
    return GOOD if label in GOOD_LABELS else BARE_LABELS.get(label, row["label"])


def _existing(path: str, row: Mapping[str, str], file: Path, root: Path) -> Path:
    found = root / path
    if not path or not found.is_file():
        raise DatasetError(
            f"{file}, line {row['line']}: {path or 'the image'} is not there: give paths from {root}"
        )
    return found
