"""Features of references kept in a temporary file: those of a thousand do not belong in memory."""

import pickle
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import numpy as np

from echo_agent.errors import StoreError
from echo_agent.vision.features import Array, FeatureLayer, Features


class FeatureCache:
    """Features of references in the order in which they came, in a file that goes with this object.

    What is compared with the banks is rounded to float16, as those are stored.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="echo-features-")  # noqa: SIM115 - closed by __exit__
        self._starts: list[int] = []

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[Features]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Features:
        """Reads the features of a reference, without what is only joined of a layer."""
        self._file.seek(self._starts[index])
        return cast(Features, pickle.load(self._file))

    def append(self, features: Features) -> None:
        """Writes the features of a reference behind the others.

        Raises:
            StoreError: The temporary folder cannot be written.
        """
        kept = replace(features, layers=_kept(features.layers), global_branch=_kept(features.global_branch))
        try:
            start = self._file.seek(0, 2)
            pickle.dump(kept, self._file)
        except OSError as error:
            raise StoreError(
                f"the temporary folder {tempfile.gettempdir()} cannot be written ({error.strerror}): "
                "free some space there, or name another one by TMPDIR"
            ) from error
        self._starts.append(start)

    def __enter__(self) -> "FeatureCache":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _kept(layers: tuple[FeatureLayer, ...]) -> tuple[FeatureLayer, ...]:
    return tuple(
        FeatureLayer(
            _rounded(layer.patches), layer.use, None if layer.lengths is None else _rounded(layer.lengths)
        )
        for layer in layers
    )


def _rounded(values: Array) -> Array:
    """Rounded to float16: what is compared with a bank in training is as coarse as the bank."""
    return cast(Array, values.astype(np.float16))
