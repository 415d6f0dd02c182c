"""Image files by their digest."""

import pytest

from echo_agent.images.stored import copy_image, find_image, store_image
from tests.conftest import synthetic_part


@pytest.mark.parametrize("name", ["part.png", "blob", "part.", f"part.{'x' * 200}", "part.0042"])
def test_a_copy_is_found_by_its_digest_whatever_its_file_was_called(tmp_path, name):
    photograph, kept = tmp_path / name, tmp_path / "images"
    synthetic_part(1).save(photograph, format="PNG")
    image = copy_image(store_image(photograph, kept), kept)
    photograph.unlink()
    assert find_image(image.sha256, kept) == image
