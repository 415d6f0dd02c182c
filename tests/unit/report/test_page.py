import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from echo_agent.errors import ReportError
from echo_agent.report.page import PICTURE_SIDE, Entry, data_uri, render_page, write_page
from tests.conftest import synthetic_part
from tests.verdicts import a_reference, a_verdict


class FakeMemory:
    """Stands in for a memory that keeps one map."""

    def anomaly_map(self, map_id, size=None):
        assert map_id == "map-1"
        return np.full((9, 12), 1.5, dtype=np.float32)


@pytest.fixture
def photograph(tmp_path):
    file = tmp_path / "part.png"
    synthetic_part(3, defect=True).save(file)
    return file


@pytest.fixture
def entry(photograph, good_parts):
    verdict = a_verdict(map_id="map-1", references=(a_reference(str(good_parts / "good-0.png")),))
    return Entry.of(photograph, verdict, FakeMemory(), truth="defective")


def decoded(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1])))


def test_the_page_shows_pictures_verdict_reasons_truth_and_guarantee(entry):
    html = render_page([entry], title="Plates", licence="CC BY-NC-SA 4.0")
    for words in (
        "Plates",
        "part.png",
        "93 % sure",
        "above the threshold 1.40",
        "truth: defective",
        "20 normals",
        "0.98",
        "measured",
        "CC BY-NC-SA 4.0",
        "1 defective",
        "0 normal",
    ):
        assert words in html
    assert html.count("<img ") == 3


def test_the_page_loads_nothing_from_anywhere(entry):
    html = render_page([entry], title="Plates")
    assert not re.findall(r"(?:src|href)=\"(?!data:image/jpeg;base64,)", html)
    assert "default-src 'none'" in html
    assert "url(" not in html


def test_text_from_files_and_models_is_escaped(photograph):
    evil = "<script>alert(1)</script>"
    verdict = a_verdict(reasons=(evil,), product=evil, defect_type=evil)
    html = render_page(
        [Entry(evil, verdict, data_uri(Image.new("RGB", (4, 4))), None, truth=evil)], title=evil
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 5


def test_a_verdict_without_a_map_shows_the_photograph_alone(photograph):
    entry = Entry.of(photograph, a_verdict("review", product=None, map_id=None, regions=()), FakeMemory())
    assert entry.with_map is None
    html = render_page([entry], title="Plates")
    assert "a person should look" in html
    assert html.count("<img ") == 1


def test_a_large_photograph_is_scaled_down_and_keeps_its_shape(tmp_path):
    file = tmp_path / "large.png"
    Image.new("RGB", (2000, 1000)).save(file)
    entry = Entry.of(file, a_verdict(map_id="map-1"), FakeMemory())
    assert decoded(entry.photograph).size == decoded(entry.with_map).size == (PICTURE_SIDE, PICTURE_SIDE // 2)


def test_an_empty_page_is_a_page():
    assert "0 defective" in render_page([], title="Nothing")


def test_the_page_is_written_into_a_new_folder(entry, tmp_path):
    write_page(tmp_path / "new" / "index.html", [entry], title="Plates")
    assert (tmp_path / "new" / "index.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_page_that_cannot_be_written_is_named(entry, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match=r"file/index\.html"):
        write_page(tmp_path / "file" / "index.html", [entry], title="Plates")
