"""One product of a labelled dataset: its references, its test photographs, and their truth."""

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echo_agent.errors import DatasetError, ImageError
from echo_agent.evaluation.labels import GOOD
from echo_agent.evaluation.masks import marked
from echo_agent.images.decoding import load_image
from echo_agent.state import Value
from echo_agent.state.notation import counted

NAMED = 3
"""Files that a note names."""


class LabelledImage(Value):
    """A photograph with its truth, which only the metrics may see.

    Attributes:
        path: The photograph.
        kind: ``good`` or the name of the defect.
        masks: Mask files, to be united; empty where there is none.
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
            DatasetError: A mask cannot be read, or has another size than its photograph.
        """
        return (
            None if self.defective and not self.masks else marked(self.masks if self.defective else (), size)
        )


class Category(Value):
    """One product of a dataset: its good photographs for reference, and its tests.

    Attributes:
        name: Name of the category.
        normals: Good photographs to choose references from, sorted by name; empty where the dataset has only tests.
        tests: Test photographs, in the order of their paths. Where the dataset does not part references from tests
            all normals are among them: ``tests_beside`` leaves out those that were chosen.
        notes: What was left out or not matched while it was read, with counts, a line each.
    """

    name: str
    normals: tuple[Path, ...]
    tests: tuple[LabelledImage, ...]
    notes: tuple[str, ...] = ()

    def checked(self) -> tuple[str, ...]:
        """What an evaluation rests on, in words: how many photographs of each kind, and what is missing."""
        good = [test for test in self.tests if not test.defective]
        bad = [test for test in self.tests if test.defective]
        bare = [test.path for test in bad if not test.masks]
        masked = f", {len(bad) - len(bare)} of them with masks" if len(bare) < len(bad) else ""
        lines = [
            f"{len(self.normals)} good photographs to learn from; tests: {len(good)} good, {len(bad)} defective{masked}"
        ]
        if masked and bare:
            lines.append(
                f"{counted_files(bare, 'defective test')} without a mask: their pixels are not counted"
            )
        if not good:
            lines.append("no test is good: what needs both kinds is not measured")
        return tuple(f"{self.name}: {line}" for line in (*lines, *self.notes))

    def apart(self, registered: Sequence[Path] = ()) -> "Category":
        """The category without tests that show the picture of a reference, however it was saved; a note counts them.

        Args:
            registered: The references, where they are not chosen from the normals.
        """
        normals = frozenset(() if registered else self.normals)
        shown = {_picture(path) for path in registered or self.normals} - {None}
        repeated = [
            test.path for test in self.tests if test.path not in normals and _picture(test.path) in shown
        ]
        if not repeated:
            return self
        tests = tuple(test for test in self.tests if test.path not in repeated)
        note = f"{counted_files(repeated, 'test')} that show the picture of a reference: left out"
        return self.model_copy(update={"tests": tests, "notes": (*self.notes, note)})

    def without(self, references: Sequence[Path]) -> "Category":
        """The category without tests that are chosen references."""
        chosen = frozenset(references)
        return self.model_copy(
            update={"tests": tuple(test for test in self.tests if test.path not in chosen)}
        )

    def references(self, shots: int, seed: int) -> tuple[Path, ...]:
        """Chooses references: the first ``shots`` of the normals after ``random.Random(seed).shuffle``.

        Args:
            shots: How many to choose; all where there are fewer.
            seed: Seed of the shuffle.

        Raises:
            DatasetError: There are no normals.
        """
        if not self.normals:
            raise DatasetError(
                f"{self.name} holds no photographs of good parts to learn from: add train/good"
            )
        chosen = list(self.normals)
        random.Random(seed).shuffle(chosen)
        return tuple(chosen[:shots])

    def tests_beside(self, references: Sequence[Path]) -> tuple[LabelledImage, ...]:
        """The tests that are none of the chosen references.

        Raises:
            DatasetError: There are none.
        """
        left = self.without(references).tests
        if not left:
            raise DatasetError(
                f"{self.name} has no photographs left to test beside {len(references)} references: ask for fewer shots"
            )
        return left

    def of_both_kinds(self, limit: int | None = None) -> tuple[LabelledImage, ...]:
        """Tests of which half are good, the first of each kind.

        Args:
            limit: How many at most; all where not given.

        Raises:
            DatasetError: There are no good or no defective tests.
        """
        good = [test for test in self.tests if not test.defective]
        bad = [test for test in self.tests if test.defective]
        if not good or not bad:
            raise DatasetError(
                f"{self.name} needs photographs of both kinds: in test/good and in a folder such as test/scratch"
            )
        if limit is None:
            return (*good, *bad)
        half = max(1, limit // 2)
        return (*good[:half], *bad[: max(1, limit - half)])


def _picture(path: Path) -> str | None:
    """Digest of what a photograph shows, its size and pixels; None where it cannot be read."""
    try:
        image = load_image(path)
    except ImageError:
        return None
    return hashlib.sha256(f"{image.size}".encode() + image.tobytes()).hexdigest()


def counted_files(files: Sequence[Path], what: str) -> str:
    """A number of files in words, with the first names of them."""
    names = ", ".join(f"{file.parent.name}/{file.name}" for file in files[:NAMED])
    more = " ..." if len(files) > NAMED else ""
    return f"{counted(len(files), what)} ({names}{more})"
