import pytest

from .photographs import write_mvtec_category


@pytest.fixture
def mvtec_category(tmp_path):
    return write_mvtec_category(tmp_path / "plate")
