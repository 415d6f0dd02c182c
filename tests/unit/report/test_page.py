import base64
import hashlib
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from echo_agent.errors import ReportError
from echo_agent.report.entry import PICTURE_SIDE, Entry, View, data_uri
from echo_agent.report.page import SHOWN_AT_ONCE, render_page, write_page
from echo_agent.report.words import described
from echo_agent.ui.html import part
from tests.conftest import synthetic_part
from tests.unit.state.test_notation import STRAY
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
    assert not re.search(r"url\((?!#)", html)


def test_text_from_files_and_models_is_escaped(photograph):
    evil = "<script>alert(1)</script>"
    verdict = a_verdict(reasons=(evil,), product=evil, defect_type=evil)
    html = render_page(
        [Entry(evil, verdict, data_uri(Image.new("RGB", (4, 4))), None, truth=evil)], title=evil
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 5
    many = render_page(
        [Entry(evil, verdict, None, None, truth=evil)] * (SHOWN_AT_ONCE + 1), title=evil, notices=[evil]
    )
    assert many.count("<script") == many.count("</script>") == 2, "the page's data and its own script"


def test_only_the_pages_own_script_may_run(entry):
    html = render_page([entry, entry], title="Plates")
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html


def test_what_does_not_fit_at_once_is_in_the_data(entry):
    html = render_page([entry] * (SHOWN_AT_ONCE + 3), title="Plates")
    (data,) = re.findall(r'<script type="application/json" id="parts">(.*?)</script>', html, re.DOTALL)
    parts = json.loads(data)
    assert len(parts) == SHOWN_AT_ONCE + 3
    assert [part["number"] for part in parts if "article" in part] == [50, 51, 52]
    assert html.split("<script")[0].count("<article") == SHOWN_AT_ONCE


def test_scores_and_hours_are_drawn_and_notices_told(photograph):
    entries = [
        Entry(
            f"{number}", a_verdict(label, score=score), None, None, when=f"2026-11-26T{6 + number:02d}:00:00"
        )
        for number, (label, score) in enumerate([("normal", 0.4), ("review", 1.3), ("defective", 9.0)])
    ]
    html = render_page(entries, title="Plates", notices=["Drift of plate"])
    assert "Drift of plate" in html
    assert "1.40" in html
    assert ": 0 normal, 0 review, 1 defective<" in html
    assert "2026-11-26 07:00: 0 normal, 1 review, 0 defective" in html


def test_the_views_of_a_part_stand_beside_its_worst(photograph):
    view = View("side.png", "normal", "side.jpg", "side-map.jpg")
    html = render_page([Entry("7", a_verdict(), "top.jpg", None, views=(view,))], title="Plates")
    assert html.count("<img ") == 3
    assert "side.png: normal, photograph" in html


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


def test_page_and_terminal_write_shares_and_sizes_in_the_one_notation(entry):
    html = render_page([entry, entry], title="Plates", notices=["of 60"])
    read = re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", html, flags=re.DOTALL)
    for text in (read, described(entry.verdict, entry.name)):
        assert not STRAY.findall(text)
        assert re.search(r"\d %", text)
        assert re.search(r"\d px2", text)
    page = " ".join(part(name, verdict=entry.verdict) for name in ("reasons", "regions", "trace"))
    assert not STRAY.findall(re.sub(r"<[^>]*>", " ", page))
