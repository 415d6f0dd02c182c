"""Reading datasets: which photographs are references, which are tests, where their masks are.

A folder of one category is read in these layouts; a folder that holds such folders is read as all of them:

- MVTec AD, and VisA prepared as ``1cls``: ``train/good``, ``test/<kind>``, ``ground_truth/<kind>``
- MVTec LOCO AD: the same, with a folder of masks for each photograph
- MVTec AD 2: ``train/good``, ``test_public/<kind>``, ``test_public/ground_truth/<kind>``
- flat: ``good`` and a folder for each defect, ``ground_truth/<kind>`` where there are masks
- a CSV file, and VisA as it is published, with ``split_csv/1cls.csv``: see ``csv_layout``

What a folder's name says is read by ``labels``; files that are matched with nothing are told in the category's notes.
"""

from collections.abc import Sequence
from pathlib import Path

from echo_agent.errors import DatasetError
from echo_agent.evaluation.category import Category, LabelledImage, counted_files
from echo_agent.evaluation.csv_layout import read_csv
from echo_agent.evaluation.labels import GOOD, Labels
from echo_agent.evaluation.masks import masks_of
from echo_agent.images.decoding import IMAGE_SUFFIXES

VISA_SPLIT = Path("split_csv", "1cls.csv")
MASK_FOLDERS = frozenset({"ground_truth", "masks", "mask"})
NO_PHOTOGRAPHS = frozenset({"__macosx"})
"""Folders that programs leave behind."""

TRAIN, TESTS = "train", ("test_public", "test")
LAYOUTS = "train/good and test/<kind>, train/good and test_public/<kind>, good and <kind>, or a CSV file"
ANY = Labels()


def read_categories(places: Sequence[Path], labels: Labels = ANY) -> list[Category]:
    """Reads categories in any of the layouts.

    Args:
        places: Folders of a category each, folders that hold such folders, or CSV files.
        labels: The reader of labels.

    Returns:
        The categories in the order of the places, those of one place by name.

    Raises:
        DatasetError: A place holds no category, or one that cannot be read.
    """
    found: list[Category] = []
    for place in places:
        if place.suffix.lower() == ".csv":
            found += read_csv(place, place.parent, labels)
        elif (place / VISA_SPLIT).is_file():
            found += read_csv(place / VISA_SPLIT, place, labels)
        elif _is_category(place, labels) or not place.is_dir():
            found.append(read_category(place, labels))
        else:
            found += _inside(place, labels)
    return found


def read_one_category(place: Path, labels: Labels = ANY) -> Category:
    """Reads a place that holds one category; see ``read_categories``.

    Raises:
        DatasetError: As ``read_categories`` raises it, or there are several.
    """
    found = read_categories([place], labels)
    if len(found) > 1:
        names = ", ".join(category.name for category in found)
        raise DatasetError(f"{place} holds several categories ({names}): name one")
    return found[0]


def read_category(folder: Path, labels: Labels = ANY) -> Category:
    """Reads the folder of one category.

    Args:
        folder: The category's folder, in one of the layouts of folders.
        labels: The reader of labels.

    Raises:
        DatasetError: The folder is missing, lacks tests, or a folder's name says neither good nor defective.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder: name the folder of one category")
    split = folder.parent / VISA_SPLIT
    if split.is_file():
        return _named(folder.resolve().name, read_csv(split, folder.parent, labels), split)
    test = next((folder / name for name in TESTS if (folder / name).is_dir()), None)
    if test is not None or (folder / TRAIN).is_dir():
        return _parted(folder, test, labels)
    if not _good_folders(folder, labels):
        raise DatasetError(f"{folder} is in no layout that Echo knows: it reads {LAYOUTS}")
    return _flat(folder, labels)


def _inside(place: Path, labels: Labels) -> list[Category]:
    """The categories in a folder of them; what holds no photograph is told with the first."""
    candidates = [entry for entry in _folders(place) if _is_category(entry, labels)]
    empty = [entry for entry in candidates if not any(map(_is_image, entry.rglob("*")))]
    found = [read_category(entry, labels) for entry in candidates if entry not in empty]
    if not found:
        raise DatasetError(f"{place} holds no category: Echo reads {LAYOUTS}")
    if empty:
        note = f"{counted_files(empty, 'folder')} beside it without a photograph: left out"
        found[0] = found[0].model_copy(update={"notes": (*found[0].notes, note)})
    return found


def _is_category(folder: Path, labels: Labels) -> bool:
    if not folder.is_dir():
        return False
    parted = any((folder / name).is_dir() for name in (TRAIN, *TESTS))
    published = (folder.parent / VISA_SPLIT).is_file() and (folder / "Data" / "Images").is_dir()
    return parted or published or (bool(_good_folders(folder, labels)) and len(_kinds(folder)) > 1)


def _parted(folder: Path, test: Path | None, labels: Labels) -> Category:
    """Reads a layout whose references stand apart from its tests."""
    if test is None:
        raise DatasetError(f"{folder} has no folder test: Echo reads {LAYOUTS}")
    train = folder / TRAIN
    good = _good_folders(train, labels) if train.is_dir() else []
    normals = [path for kind in good for path in _images(kind)]
    if train.is_dir() and not normals:
        raise DatasetError(f"{train}/{GOOD} holds no photographs: Echo reads {LAYOUTS}")
    unused = [path for kind in _kinds(train) if kind not in good for path in _images(kind)] if normals else []
    notes = [f"{counted_files(unused, 'photograph')} in train that are not good: left out"] if unused else []
    truth = (test if test.name == TESTS[0] else folder) / "ground_truth"
    tests, more = _tests(test, truth, labels)
    if not tests:
        raise DatasetError(
            f"{test} holds no folders of photographs: Echo reads the layout {test.name}/<kind>"
        )
    return _category(folder, normals, tests, [*notes, *more])


def _flat(folder: Path, labels: Labels) -> Category:
    """Reads a layout whose good photographs serve as references and, where they are not chosen, as tests."""
    truth = next(
        (entry for entry in _folders(folder) if entry.name.lower() in MASK_FOLDERS), folder / "masks"
    )
    tests, notes = _tests(folder, truth, labels)
    return _category(folder, [test.path for test in tests if not test.defective], tests, notes)


def _category(
    folder: Path, normals: Sequence[Path], tests: Sequence[LabelledImage], notes: Sequence[str]
) -> Category:
    return Category(
        name=folder.resolve().name,
        normals=tuple(sorted(normals, key=lambda path: path.name)),
        tests=tuple(tests),
        notes=tuple(notes),
    )


def _tests(folder: Path, truth: Path, labels: Labels) -> tuple[list[LabelledImage], list[str]]:
    """The tests of a folder of kinds with their masks, and what of both was matched with nothing."""
    kinds = {kind: _images(kind) for kind in _kinds(folder)}
    masks = {kind: _masks(truth, kind.name, photographs) for kind, photographs in kinds.items()}
    names = labels.kinds(
        [kind.name for kind, photographs in kinds.items() if photographs],
        folder,
        masked=[kind.name for kind, found in masks.items() if any(found)],
    )
    tests = [
        LabelledImage(path=path, kind=names[kind.name], masks=() if names[kind.name] == GOOD else found)
        for kind, photographs in kinds.items()
        for path, found in zip(photographs, masks[kind], strict=True)
    ]
    notes = []
    if empty := [kind for kind, photographs in kinds.items() if not photographs]:
        notes.append(f"{counted_files(empty, 'folder')} without a photograph: left out")
    used = {mask for found in masks.values() for one in found for mask in one}
    left = [path for path in sorted(truth.rglob("*")) if _is_image(path) and path not in used]
    if left:
        notes.append(f"{counted_files(left, 'mask')} of no test photograph: left out")
    return tests, notes


def _masks(truth: Path, kind: str, photographs: Sequence[Path]) -> list[tuple[Path, ...]]:
    """The masks of each photograph of a kind: files of its name, or all files of a folder of its name."""
    place = next((entry for entry in _folders(truth) if entry.name.lower() == kind.lower()), None)
    if place is None:
        return [()] * len(photographs)
    files, folders = _images(place), {entry.name: entry for entry in _folders(place)}
    return [
        tuple(_images(folders[path.stem])) if path.stem in folders else masks_of(path, files)
        for path in photographs
    ]


def _good_folders(folder: Path, labels: Labels) -> list[Path]:
    return [entry for entry in _folders(folder) if labels.good(entry.name)]


def _kinds(folder: Path) -> list[Path]:
    """The folders of photographs in a folder, by name, without those of masks."""
    return [entry for entry in _folders(folder) if entry.name.lower() not in MASK_FOLDERS]


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    entries = (entry for entry in sorted(folder.iterdir()) if entry.is_dir())
    return [
        entry
        for entry in entries
        if not entry.name.startswith(".") and entry.name.lower() not in NO_PHOTOGRAPHS
    ]


def _named(name: str, categories: Sequence[Category], source: Path) -> Category:
    found = next((category for category in categories if category.name == name), None)
    if found is None:
        names = ", ".join(category.name for category in categories)
        raise DatasetError(f"{source} lists no {name}: it lists {names}")
    return found


def _images(folder: Path) -> list[Path]:
    """The photographs of a folder by name, the file's ending in any case."""
    return [path for path in sorted(folder.iterdir(), key=lambda path: path.name) if _is_image(path)]


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()
