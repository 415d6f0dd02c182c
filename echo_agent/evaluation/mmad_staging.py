"""Putting a benchmark's images where their names say nothing: copies under their digests."""

import re
import shutil
from hashlib import sha256
from pathlib import Path, PurePosixPath

from echo_agent.errors import DatasetError
from echo_agent.evaluation.mmad_dataset import MmadImage, References


class Staging:
    """A folder of copies, each named by the digest of its bytes, so that no path tells a label.

    Args:
        root: The benchmark's folder.
        folder: Folder for the copies.
        missing: Paths of templates that are not there.
    """

    def __init__(self, root: Path, folder: Path, missing: frozenset[str] = frozenset()) -> None:
        self._root = root
        self._folder = folder
        self._missing = missing
        self._staged: dict[str, Path] = {}

    def stage(self, path: str) -> Path:
        """Copies one image.

        Args:
            path: Path below the benchmark's folder.

        Returns:
            The copy.

        Raises:
            DatasetError: The image cannot be read or copied.
        """
        if path not in self._staged:
            source = self._root / path
            try:
                digest = sha256(source.read_bytes()).hexdigest()
                copy = self._folder / f"{digest}{PurePosixPath(path).suffix.lower()}"
                self._folder.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, copy)
            except OSError as error:
                raise DatasetError(f"{source} cannot be staged ({error.strerror}): check the file") from error
            self._staged[path] = copy
        return self._staged[path]

    def templates(
        self, image: MmadImage, references: References, shots: int | None = None
    ) -> tuple[Path, ...]:
        """Copies the templates of an image that are there.

        Args:
            image: The image.
            references: Which templates are its references.
            shots: How many, the first ones; all where not given.

        Raises:
            DatasetError: None is there, or one cannot be read or copied.
        """
        there = [path for path in image.templates(references) if path not in self._missing][:shots]
        if not there:
            raise DatasetError(f"{image.path} has no template that is there: complete the dataset")
        return tuple(self.stage(path) for path in there)


def product_of_templates(templates: tuple[Path, ...]) -> str:
    """A product's name that says nothing but which staged templates it is made of: figures, which resemble no word."""
    digest = sha256(" ".join(copy.stem for copy in templates).encode()).hexdigest()
    return f"{int(digest[:12], 16):015d}"


def product_in_words(image: MmadImage) -> str:
    """The name under which a product's templates are remembered: MMAD's class as words."""
    return re.sub(r"[_\W]+", " ", image.product).strip()
