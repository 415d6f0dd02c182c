"""One product of a labelled dataset: its references, its test photographs, and their truth."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echo_agent.errors import DatasetError
from echo_agent.images.decoding import load_image
from echo_agent.state import Value

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
        tests: Test photographs, in the order of their paths. Where the dataset does not part references from tests
            all normals are among them: ``tests_beside`` leaves out those that were chosen.
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

    def tests_beside(self, references: Sequence[Path]) -> tuple[LabelledImage, ...]:
        """The tests that are none of the chosen references.

        Raises:
            DatasetError: There are none.
        """
        chosen = frozenset(references)
        left = tuple(test for test in self.tests if test.path not in chosen)
        if not left:
            raise DatasetError(
                f"{self.name} has no photographs left to test beside {len(chosen)} references: ask for fewer shots"
            )
        return left
