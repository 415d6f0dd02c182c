"""Reading datasets that a CSV file lists, such as VisA as it is published."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from echo_agent.csv_table import PHOTOGRAPH_COLUMN, Row, read_table
from echo_agent.errors import DatasetError
from echo_agent.evaluation.category import Category, LabelledImage
from echo_agent.evaluation.labels import Labels

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "image": PHOTOGRAPH_COLUMN,
    "label": (
        "label",
        "kind",
        "defect",
        "class",
        "bewertung",
        "klasse",
        "ergebnis",
        "befund",
        "fehler",
        "fehlerart",
    ),
    "split": ("split", "set", "aufteilung", "menge"),
    "mask": ("mask", "mask_path", "masks", "maske", "masken"),
    "category": ("object", "category", "product", "objekt", "kategorie", "produkt", "teil"),
}
"""What a column means, and the names by which it is known; image and label must be there."""

SPLITS: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training", "trainieren"),
    "val": ("val", "valid", "validation", "dev", "validierung"),
    "test": ("test", "testing", "testen"),
}
MASKS_BETWEEN = ";"


def read_csv(file: Path, root: Path, labels: Labels) -> list[Category]:
    """Reads the categories that a CSV file lists, a photograph a line.

    The first line names the columns: ``image`` (its path), ``label`` (see ``Labels``), and where there are such
    ``split`` (``train``, ``val`` or ``test``), ``mask`` (one or more paths with ``;`` between) and ``object`` (the
    category; the file's name where there is no such column). Without ``split`` the good photographs serve as references
    and, where they are not chosen, as tests. Lines of ``val`` are the tests where there is no ``test``, else left out.

    Args:
        file: The CSV file; see ``read_table``.
        root: What its paths are relative to.
        labels: The reader of labels.

    Returns:
        The categories by name.

    Raises:
        DatasetError: The file cannot be read, lacks a column, names a photograph that does not exist or with two
            labels, or has a label or split that is not known.
    """
    rows, _ = read_table(file, COLUMNS, ("image", "label"))
    if not rows:
        raise DatasetError(f"{file} lists no photographs: give a line for each")
    for row in rows:
        if not row.cells["label"]:
            raise DatasetError(
                f"{file}, line {row.line}: the label is empty: write good or the defect's name"
            )
    kinds = labels.kinds(
        [row.cells["label"] for row in rows],
        file,
        masked=[row.cells["label"] for row in rows if row.cells.get("mask")],
    )
    named: dict[str, list[Row]] = {}
    for row in rows:
        named.setdefault(row.cells.get("category") or file.stem, []).append(row)
    return [_category(name, named[name], kinds, file, root) for name in sorted(named)]


def _category(name: str, rows: Sequence[Row], kinds: Mapping[str, str], file: Path, root: Path) -> Category:
    found: dict[tuple[str, Path], LabelledImage] = {}
    twice = 0
    for row in rows:
        image = LabelledImage(
            path=existing_file(row.cells["image"], row, file, root),
            kind=kinds[row.cells["label"]],
            masks=tuple(
                existing_file(mask.strip(), row, file, root)
                for mask in row.cells.get("mask", "").split(MASKS_BETWEEN)
                if mask.strip()
            ),
        )
        key = _split(row, file), image.path
        before = found.setdefault(key, image)
        twice += before is not image
        if before.kind != image.kind:
            raise DatasetError(
                f"{file}, line {row.line}: {row.cells['image']} is {image.kind} here and {before.kind} above: "
                "keep the line that is right"
            )
    splits = Counter(split for split, _ in found)
    tests = {"", "test"} if splits.keys() & {"", "test"} else {"val"}
    notes = [f"{twice} lines of photographs that are listed already: counted once"] if twice else []
    if splits["val"] and "val" not in tests:
        notes.append(f"{splits['val']} lines of the split val: left out")
    bad = sum(split == "train" and image.defective for (split, _), image in found.items())
    if bad:
        notes.append(f"{bad} lines of the split train that are not good: left out")
    category = Category(
        name=name,
        normals=tuple(
            sorted(
                (
                    image.path
                    for (split, _), image in found.items()
                    if split in {"", "train"} and not image.defective
                ),
                key=lambda path: path.name,
            )
        ),
        tests=tuple(
            sorted(
                (image for (split, _), image in found.items() if split in tests), key=lambda test: test.path
            )
        ),
        notes=tuple(notes),
    )
    if not category.normals or not category.tests:
        missing = "good photographs to learn from" if not category.normals else "test photographs"
        raise DatasetError(
            f"{file} lists no {missing} of {name}: label them good, and split them train or test"
        )
    return category


def _split(row: Row, file: Path) -> str:
    """``train``, ``val``, ``test``, or nothing where the table does not part them."""
    said = row.cells.get("split", "").lower()
    found = next((split for split, words in SPLITS.items() if said in words), None)
    if said and found is None:
        raise DatasetError(f"{file}, line {row.line}: {said!r} is no split: write train, val or test")
    return found or ""


def existing_file(path: str, row: Row, file: Path, root: Path) -> Path:
    """The file of a path, with letters such as ü composed or not, and with either slash."""
    spelled = path.replace("\\", "/")
    candidates = (path, spelled, *(unicodedata.normalize(form, spelled) for form in ("NFC", "NFD")))
    found = next((root / one for one in candidates if one and (root / one).is_file()), None)
    if found is None:
        raise DatasetError(
            f"{file}, line {row.line}: {path or 'the image'} is not there: give paths from {root}"
        )
    return found
