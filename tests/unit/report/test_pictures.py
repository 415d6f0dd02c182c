import numpy as np
import pytest
from PIL import Image

from echo_agent.errors import ReportError
from echo_agent.report.pictures import Pictures
from tests.conftest import synthetic_part
from tests.verdicts import a_verdict


class FakeMemory:
    """Stands in for a memory that keeps one map."""

    def anomaly_map(self, map_id, size=None):
        return np.full((9, 12), 1.5, dtype=np.float32)


@pytest.fixture
def photograph(tmp_path):
    file = tmp_path / "part.png"
    synthetic_part(3).save(file)
    return file


def test_the_picture_has_the_photographs_size_and_the_maps_colours(photograph, tmp_path):
    file = Pictures(FakeMemory(), tmp_path / "out").save(photograph, a_verdict("normal", map_id="m"))
    assert file == tmp_path / "out" / "part-map.png"
    with Image.open(file) as drawn, Image.open(photograph) as original:
        assert drawn.size == original.size
        assert np.abs(np.asarray(drawn, dtype=int) - np.asarray(original, dtype=int)).mean() > 20


def test_photographs_called_alike_do_not_overwrite_each_other(photograph, tmp_path):
    pictures = Pictures(FakeMemory(), tmp_path / "out")
    files = {pictures.save(photograph, a_verdict(map_id="m")) for _ in range(3)}
    assert len(files) == 3
    assert all(file.is_file() for file in files)


def test_a_verdict_without_a_map_saves_the_photograph(photograph, tmp_path):
    file = Pictures(FakeMemory(), tmp_path).save(photograph, a_verdict("review", map_id=None))
    with Image.open(file) as drawn, Image.open(photograph) as original:
        np.testing.assert_array_equal(np.asarray(drawn), np.asarray(original))


def test_a_folder_that_cannot_be_made_is_named(photograph):
    with pytest.raises(ReportError, match=r"part\.png/out"):
        Pictures(FakeMemory(), photograph / "out")
