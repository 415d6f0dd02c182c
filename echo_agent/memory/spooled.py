"""Patch grids kept in a temporary file: those of a thousand references do not belong in memory."""

import tempfile
from collections.abc import Iterator, Sequence

import numpy as np

from echo_agent.errors import StoreError
from echo_agent.vision.features import Array


class SpooledGrids:
    """Patch grids of references in the order in which they came, float16, in a file that goes with this object."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="echo-patches-")  # noqa: SIM115 - closed by __exit__
        self._starts: list[int] = []
        self._levels = 0

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[tuple[Array, ...]]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> tuple[Array, ...]:
        """Reads the grids of a reference, one a level."""
        self._file.seek(self._starts[index])
        return tuple(np.load(self._file) for _ in range(self._levels))

    def append(self, grids: Sequence[Array]) -> None:
        """Writes the grids ``(rows, columns, channels)`` of a reference behind the others.

        Raises:
            StoreError: The temporary folder cannot be written.
        """
        try:
            start = self._file.seek(0, 2)
            for grid in grids:
                np.save(self._file, grid.astype(np.float16))
        except OSError as error:
            raise StoreError(
                f"the temporary folder {tempfile.gettempdir()} cannot be written ({error.strerror}): "
                "free some space there, or name another one by TMPDIR"
            ) from error
        self._levels = len(grids)
        self._starts.append(start)

    def __enter__(self) -> "SpooledGrids":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
