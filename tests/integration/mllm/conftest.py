"""Tiny checkpoints of several families, made once a session."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def checkpoint_folder(tmp_path_factory):
    """Returns a maker of checkpoint folders by family."""
    from tests.tiny_checkpoints import FAMILIES

    made: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in made:
            made[family] = FAMILIES[family](tmp_path_factory.mktemp(family))
        return made[family]

    return folder


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> list[str]:
    """Returns the paths of two noise pictures of different shapes."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = []
    for seed, shape in enumerate([(180, 140, 3), (120, 160, 3)]):
        pixels = np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)
        paths.append(str(folder / f"{seed}.png"))
        Image.fromarray(pixels).save(paths[-1])
    return paths
