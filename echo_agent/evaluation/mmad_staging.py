"""Putting a benchmark's images where their names say nothing: copies under their digests."""

import re
import shutil
from hashlib import sha256
from pathlib import Path, PurePosixPath

from echo_agent.errors import DatasetError
from echo_agent.evaluation.mmad_dataset import MmadImage


class Staging:
    """A folder of copies, each named by the digest of its bytes, so that no path tells a label.

    Args:
        root: The benchmark's folder.
        folder: Folder for the copies.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._folder = folder
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


def product_of_templates(templates: tuple[Path, ...]) -> str:
    """A product's name that says nothing but which staged templates it is made of."""
    return "part " + sha256(" ".join(copy.stem for copy in templates).encode()).hexdigest()[:12]


def product_in_words(image: MmadImage) -> str:
    """The name under which a product's templates are remembered: MMAD's class as words."""
    return re.sub(r"[_\W]+", " ", image.product).strip()
