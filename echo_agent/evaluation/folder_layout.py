"""Reading datasets: which photographs are references, which are tests, where their masks are.

A folder of one category is read in these layouts; a folder that holds such folders is read as all of them:

- MVTec AD, and VisA prepared as ``1cls``: ``train/good``, ``test/<kind>``, ``ground_truth/<kind>``
- MVTec LOCO AD: the same, with a folder of masks for each photograph
- MVTec AD 2: ``train/good``, ``test_public/<kind>``, ``test_public/ground_truth/<kind>``
- flat: ``good`` and a folder for each defect, ``ground_truth/<kind>`` where there are masks
- a CSV file, and VisA as it is published, with ``split_csv/1cls.csv``: see ``csv_layout``
"""

from collections.abc import Sequence
from pathlib import Path

from echo_agent.errors import DatasetError, ImageError
from echo_agent.evaluation.category import GOOD, Category, LabelledImage
from echo_agent.evaluation.csv_layout import GOOD_WORDS, read_csv
from echo_agent.images.decoding import IMAGE_SUFFIXES, list_images

VISA_SPLIT = Path("split_csv", "1cls.csv")
MASK_FOLDERS = ("ground_truth", "masks", "mask")
LAYOUTS = "train/good and test/<kind>, train/good and test_public/<kind>, good and <kind>, or a CSV file"


def read_categories(places: Sequence[Path]) -> list[Category]:
    """Reads categories in any of the layouts.

    Args:
        places: Folders of a category each, folders that hold such folders, or CSV files.

    Returns:
        The categories in the order of the places, those of one place by name.

    Raises:
        DatasetError: A place holds no category, or one that cannot be read.
    """
    found: list[Category] = []
    for place in places:
        if place.suffix.lower() == ".csv":
            found += read_csv(place, place.parent)
        elif (place / VISA_SPLIT).is_file():
            found += read_csv(place / VISA_SPLIT, place)
        elif _is_category(place) or not place.is_dir():
            found.append(read_category(place))
        elif inside := [entry for entry in sorted(place.iterdir()) if _is_category(entry)]:
            found += [read_category(entry) for entry in inside]
        else:
            raise DatasetError(f"{place} holds no category: Echo reads {LAYOUTS}")
    return found


def read_one_category(place: Path) -> Category:
    """Reads a place that holds one category; see ``read_categories``.

    Raises:
        DatasetError: As ``read_categories`` raises it, or there are several.
    """
    found = read_categories([place])
    if len(found) > 1:
        names = ", ".join(category.name for category in found)
        raise DatasetError(f"{place} holds several categories ({names}): name one")
    return found[0]


def read_category(folder: Path) -> Category:
    """Reads the folder of one category.

    Args:
        folder: The category's folder, in one of the layouts of folders.

    Raises:
        DatasetError: The folder is missing, or lacks photographs of good parts or of tests.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder: name the folder of one category")
    name = folder.resolve().name
    if (folder.parent / VISA_SPLIT).is_file():
        published = read_csv(folder.parent / VISA_SPLIT, folder.parent)
        return _named(name, published, folder.parent / VISA_SPLIT)
    if (folder / "test_public").is_dir():
        return _parted(folder, folder / "test_public", folder / "test_public" / "ground_truth")
    if (folder / "train").is_dir() or (folder / "test").is_dir():
        return _parted(folder, folder / "test", folder / "ground_truth")
    good = _good_folder(folder)
    if good is None:
        raise DatasetError(f"{folder} is in no layout that Echo knows: it reads {LAYOUTS}")
    return _flat(folder, good)


def _is_category(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    parted = any((folder / name).is_dir() for name in ("train", "test", "test_public"))
    published = (folder.parent / VISA_SPLIT).is_file() and (folder / "Data" / "Images").is_dir()
    return parted or published or (_good_folder(folder) is not None and len(_kinds(folder)) > 1)


def _parted(folder: Path, test: Path, truth: Path) -> Category:
    """Reads a layout whose references stand apart from its tests."""
    normals = _images(folder / "train" / GOOD)
    if not test.is_dir():
        raise DatasetError(f"{folder} has no folder {test.name}: Echo reads {LAYOUTS}")
    tests = [
        LabelledImage(path=path, kind=kind.name, masks=_masks(truth / kind.name, path))
        for kind in _kinds(test)
        for path in _images(kind)
    ]
    if not tests:
        raise DatasetError(
            f"{test} holds no folders of photographs: Echo reads the layout {test.name}/<kind>"
        )
    return Category(name=folder.resolve().name, normals=tuple(normals), tests=tuple(tests))


def _flat(folder: Path, good: Path) -> Category:
    """Reads a layout whose good photographs serve as references and, where they are not chosen, as tests."""
    truth = next(
        (folder / name for name in MASK_FOLDERS if (folder / name).is_dir()), folder / MASK_FOLDERS[0]
    )
    normals = _images(good)
    tests = [
        LabelledImage(
            path=path,
            kind=GOOD if kind == good else kind.name,
            masks=() if kind == good else _masks(truth / kind.name, path),
        )
        for kind in _kinds(folder)
        for path in _images(kind)
    ]
    return Category(name=folder.resolve().name, normals=tuple(normals), tests=tuple(tests))


def _good_folder(folder: Path) -> Path | None:
    return next((folder / word for word in GOOD_WORDS if (folder / word).is_dir()), None)


def _kinds(folder: Path) -> list[Path]:
    """The folders of photographs in a folder, by name, without those of masks."""
    return [
        entry
        for entry in sorted(folder.iterdir())
        if entry.is_dir() and entry.name not in MASK_FOLDERS and not entry.name.startswith(".")
    ]


def _named(name: str, categories: Sequence[Category], source: Path) -> Category:
    found = next((category for category in categories if category.name == name), None)
    if found is None:
        names = ", ".join(category.name for category in categories)
        raise DatasetError(f"{source} lists no {name}: it lists {names}")
    return found


def _images(folder: Path) -> list[Path]:
    try:
        return sorted(list_images(folder), key=lambda path: path.name)
    except ImageError as error:
        raise DatasetError(f"{folder} holds no photographs: Echo reads {LAYOUTS}") from error


def _masks(folder: Path, image: Path) -> tuple[Path, ...]:
    """The masks of a photograph: all of the folder of its name, or one file of its name, ``_mask`` or not."""
    if (folder / image.stem).is_dir():
        return tuple(_images(folder / image.stem))
    names = [f"{image.stem}{ending}" for ending in ("_mask", "")]
    files = [folder / f"{name}{suffix}" for name in names for suffix in (".png", *sorted(IMAGE_SUFFIXES))]
    return tuple([file for file in files if file.is_file()][:1])
