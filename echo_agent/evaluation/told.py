"""What a person says of photographs: one label for some files and folders, or a table with a line for each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from echo_agent.csv_table import read_table
from echo_agent.errors import DatasetError
from echo_agent.evaluation.csv_layout import COLUMNS, existing_file
from echo_agent.evaluation.labels import BARE_WORDS, GOOD, Labels, plain_word
from echo_agent.images.listing import list_images
from echo_agent.state import Value

TABLES = frozenset({".csv", ".tsv", ".txt"})

TOLD: Mapping[str, Sequence[str]] = {
    "image": COLUMNS["image"],
    "label": COLUMNS["label"],
    "product": COLUMNS["category"],
    "defect_type": ("type", "defect_type", "fehlertyp", "typ"),
    "who": ("who", "by", "inspector", "wer", "prüfer"),
    "comment": ("comment", "remark", "bemerkung", "kommentar"),
}
"""What a column of such a table means, and the names by which it is known."""


class Told(Value):
    """What a person says of one photograph.

    Attributes:
        path: Its file.
        label: What the part is.
        defect_type: The defect type, where it is named.
        product: The product, where it is named.
        who: Who says so.
        comment: Anything else.
    """

    path: Path
    label: Literal["normal", "defective"]
    defect_type: str | None = None
    product: str | None = None
    who: str = ""
    comment: str = ""


def read_told(given: Sequence[Path], labels: Sequence[str], usual: Mapping[str, str | None]) -> list[Told]:
    """Reads what is said of photographs.

    Args:
        given: Photographs, folders of them, and tables.
        labels: What all is that is no table, in the words of a table; and what words of tables mean, such as
            ``flush=good``.
        usual: What holds where a table does not say otherwise, by the names of ``Told``'s fields.

    Raises:
        DatasetError: The label is missing or unknown, or a table cannot be read.
        ImageError: A folder holds no image.
    """
    said = {name: value for name, value in usual.items() if value}
    words = Labels.read([label for label in labels if "=" in label])
    label = next((label for label in labels if "=" not in label), None)
    found: list[Told] = []
    for path in given:
        if path.suffix.lower() in TABLES and not path.is_dir():
            found += _table(path, words, said)
            continue
        if label is None:
            raise DatasetError(
                f"say what {path} is: echo-agent feedback {path} --label normal (or defective)"
            )
        files = list_images(path) if path.is_dir() else [path]
        means = _meaning(words.kinds([label], path)[label])
        found += [Told.model_validate({**means, **said, "path": file}) for file in files]
    return found


def _table(file: Path, labels: Labels, usual: Mapping[str, str]) -> list[Told]:
    rows, _ = read_table(file, TOLD, ("image", "label"))
    kinds = labels.kinds([row.cells["label"] for row in rows], file)
    found = []
    for row in rows:
        said: dict[str, object] = {
            name: row.cells[name] for name in TOLD if name not in {"image", "label"} and row.cells.get(name)
        }
        said["path"] = existing_file(row.cells["image"], row, file, file.parent)
        found.append(Told.model_validate({**usual, **_meaning(kinds[row.cells["label"]]), **said}))
    return found


def _meaning(kind: str) -> dict[str, str]:
    """The label that a word stands for, and the defect that it names."""
    if kind == GOOD:
        return {"label": "normal"}
    return {"label": "defective"} | ({} if plain_word(kind) in BARE_WORDS else {"defect_type": kind})
