"""The demonstration's photographs: which solar cells of ``elpv-dataset`` are shown and inspected.

Deitsch et al., "Automatic classification of defective photovoltaic module cells in electroluminescence
images", Solar Energy 185 (2019). A cell has a defect probability (0, 1/3, 2/3 or 1) that experts agreed on.
"""

import random
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from echo_agent.errors import DatasetError, MissingExtraError

LICENCE = (
    "Photographs: ELPV dataset, Deitsch et al. (package elpv-dataset), CC BY-NC-SA 4.0: not for "
    "commercial use. The pictures with maps are derived from them and stand under the same licence."
)
CELL_TYPE = "mono"


@dataclass(frozen=True)
class Cell:
    """A photograph with what experts said of it: ``normal`` (defect probability 0) or ``defective`` (1)."""

    path: Path
    truth: str


@dataclass(frozen=True)
class Choice:
    """Normal cells to register, and cells to inspect that are not among them."""

    references: tuple[Path, ...]
    unseen: tuple[Cell, ...]


def data_folder() -> Path:
    """Returns the dataset's folder.

    Raises:
        MissingExtraError: The package is not installed.
    """
    package = find_spec("elpv_dataset")
    if package is None or package.origin is None:
        raise MissingExtraError("elpv-dataset", "demo")
    return Path(package.origin).parent / "data"


def choose(folder: Path, *, references: int = 20, unseen_of_each: int = 6, seed: int = 0) -> Choice:
    """Chooses monocrystalline cells on whose label the experts agreed.

    Args:
        folder: Folder of ``labels.csv``.
        references: How many normal cells are registered.
        unseen_of_each: How many further normal and how many defective cells are inspected.
        seed: Seed of the draw.

    Returns:
        Paths only: no photograph is read.

    Raises:
        DatasetError: ``labels.csv`` is missing or holds too few such cells.
    """
    normal, defective = cells(folder, CELL_TYPE)
    if len(normal) < references + unseen_of_each or len(defective) < unseen_of_each:
        raise DatasetError(f"{folder} holds too few {CELL_TYPE} cells: install elpv-dataset again")
    draw = random.Random(seed)
    draw.shuffle(normal)
    draw.shuffle(defective)
    unseen = [Cell(path, "normal") for path in normal[references : references + unseen_of_each]]
    unseen += [Cell(path, "defective") for path in defective[:unseen_of_each]]
    draw.shuffle(unseen)
    return Choice(tuple(normal[:references]), tuple(unseen))


def cells(folder: Path, kind: str | None = None) -> tuple[list[Path], list[Path]]:
    """Lists the cells on whose label the experts agreed.

    Args:
        folder: Folder of ``labels.csv``.
        kind: ``mono`` or ``poly``; both where not given.

    Returns:
        Normal and defective cells, by name.

    Raises:
        DatasetError: ``labels.csv`` cannot be read.
    """
    labels = folder / "labels.csv"
    try:
        lines = labels.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DatasetError(
            f"{labels} cannot be read ({error.strerror}): install elpv-dataset again"
        ) from error
    rows = [line.split() for line in lines if line.strip()]
    normal, defective = (
        sorted(
            folder / path
            for path, probability, cell in rows
            if kind in {None, cell} and float(probability) == wanted
        )
        for wanted in (0, 1)
    )
    return normal, defective
