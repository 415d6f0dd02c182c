"""Reading a dataset's folder: which photographs are references, which are tests, where their masks are."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echo_agent.errors import DatasetError, ImageError
from echo_agent.state import Value
from echo_agent.vision.image import list_images, load_image

GOOD = "good"


class LabelledImage(Value):
    """A test photograph with its truth, which only the metrics may see.

    Attributes:
        path: The photograph.
        kind: ``good`` or the name of the defect.
        masks: Mask files, non-zero on the defect, to be united; empty where there is none.
    """

    path: Path
    kind: str
    masks: tuple[Path, ...] = ()

    @property
    def defective(self) -> bool:
        """Whether the part is defective."""
        return self.kind != GOOD

    def mask(self, size: tuple[int, int]) -> NDArray[np.bool_] | None:
        """Reads the truth of each pixel.

        Args:
            size: Width and height of the photograph in pixels.

        Returns:
            ``(height, width)``, True on the defect; all False for a good part; None for a defective part
            without a mask, whose pixels are not known.

        Raises:
            DatasetError: A mask has another size than its photograph.
        """
        width, height = size
        if self.defective and not self.masks:
            return None
        united = np.zeros((height, width), dtype=bool)
        for file in self.masks:
            part = np.asarray(load_image(file).convert("L")) > 0
            if part.shape != united.shape:
                raise DatasetError(
                    f"{file} is {part.shape[1]} x {part.shape[0]} pixels "
                    f"and its photograph {width} x {height}: give the mask the photograph's size"
                )
            united |= part
        return united


class Category(Value):
    """One product of a dataset: its good photographs for reference, and its tests.

    Attributes:
        name: Name of the category.
        normals: Good photographs to choose references from, sorted by name.
        tests: Test photographs, in the order of their paths.
    """

    name: str
    normals: tuple[Path, ...]
    tests: tuple[LabelledImage, ...]

    def references(self, shots: int, seed: int) -> tuple[Path, ...]:
        """Chooses references: the first ``shots`` of the normals after ``random.Random(seed).shuffle``.

        Args:
            shots: How many to choose; all where there are fewer.
            seed: Seed of the shuffle.
        """
        chosen = list(self.normals)
        random.Random(seed).shuffle(chosen)
        return tuple(chosen[:shots])


def read_category(folder: Path) -> Category:
    """Reads a category folder in the layout of MVTec AD.

    ``train/good`` holds the normals, ``test/<kind>`` the tests and ``ground_truth/<kind>/<name>_mask.png``
    the masks.

    Args:
        folder: The category's folder.

    Raises:
        DatasetError: The folder is missing or has no ``train/good`` or ``test`` folder with photographs.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder: name the folder of one category")
    normals = _images(folder / "train" / GOOD)
    test = folder / "test"
    if not test.is_dir():
        raise DatasetError(f"{folder} has no folder test: Echo reads the layout train/good, test/<kind>")
    tests = [
        LabelledImage(
            path=path, kind=kind.name, masks=_mvtec_masks(folder / "ground_truth" / kind.name, path)
        )
        for kind in sorted(test.iterdir())
        if kind.is_dir()
        for path in _images(kind)
    ]
    if not tests:
        raise DatasetError(f"{test} holds no folders of photographs: Echo reads the layout test/<kind>")
    return Category(name=folder.resolve().name, normals=tuple(normals), tests=tuple(tests))


def category_folders(folders: Sequence[Path]) -> list[Path]:
    """Replaces each folder that holds categories by those, sorted by name.

    Args:
        folders: Folders of a category each, or of several.

    Raises:
        DatasetError: A folder neither is a category nor holds one.
    """
    found: list[Path] = []
    for folder in folders:
        inside = sorted(entry for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []
        if _is_category(folder):
            found.append(folder)
        elif categories := [entry for entry in inside if _is_category(entry)]:
            found += categories
        else:
            raise DatasetError(f"{folder} holds no category: Echo reads the layout train/good, test/<kind>")
    return found


def _is_category(folder: Path) -> bool:
    return (folder / "train" / GOOD).is_dir() and (folder / "test").is_dir()


def _images(folder: Path) -> list[Path]:
    try:
        return sorted(list_images(folder), key=lambda path: path.name)
    except ImageError as error:
        raise DatasetError(
            f"{folder} holds no photographs: Echo reads the layout train/good, test/<kind>"
        ) from error


def _mvtec_masks(folder: Path, image: Path) -> tuple[Path, ...]:
    mask = folder / f"{image.stem}_mask.png"
    return (mask,) if mask.is_file() else ()
