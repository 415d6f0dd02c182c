"""Labelled photographs of one product, in the layout of MVTec AD."""

from dataclasses import dataclass
from pathlib import Path

from echo_agent.errors import DatasetError
from echo_agent.images.decoding import list_images


@dataclass(frozen=True)
class LabelledImage:
    """A photograph and whether its part is defective."""

    path: Path
    defective: bool


def labelled_images(folder: Path, limit: int | None = None) -> list[LabelledImage]:
    """Returns the photographs of ``test/good`` and of the other folders below ``test``, good and bad in turn.

    Args:
        folder: Folder of the product, with ``test/good`` and one folder a defect.
        limit: Photographs at most.

    Raises:
        DatasetError: There are no good or no defective photographs.
    """
    test = folder / "test"
    kinds = sorted(entry for entry in test.iterdir() if entry.is_dir()) if test.is_dir() else []
    good = [LabelledImage(path, False) for kind in kinds if kind.name == "good" for path in list_images(kind)]
    bad = [LabelledImage(path, True) for kind in kinds if kind.name != "good" for path in list_images(kind)]
    if not good or not bad:
        raise DatasetError(f"{folder} needs photographs in test/good and in a folder such as test/scratch")
    if limit is None:
        return [*good, *bad]
    half = max(1, limit // 2)
    return [*good[:half], *bad[: max(1, limit - half)]]


def first_reference(folder: Path) -> Path | None:
    """Returns the first photograph of ``train/good``, where there is one."""
    train = folder / "train" / "good"
    return list_images(train)[0] if train.is_dir() else None
