import csv
import sys
from datetime import UTC, datetime

import openpyxl
import pyarrow.parquet
import pytest

from echo_agent.errors import MissingExtraError, ReportError
from echo_agent.runs.export import export_run
from echo_agent.runs.folder import RunFolder
from echo_agent.runs.line import unreadable
from echo_agent.runs.tables import PART_COLUMNS, REGION_COLUMNS
from tests.unit.runs.test_folder import SETTINGS, a_line
from tests.verdicts import a_region, a_verdict


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "run", SETTINGS)
    seen = a_verdict("defective", score=2.5, regions=(a_region(), a_region(id="R2", area_px=7)))
    folder.add(a_line(1, "/1-top.png", part="=1"))
    folder.add(a_line(2, "/1-side.png", part="=1", verdict=seen))
    folder.add(a_line(3, "/ü.png", part="ü", error="broken", sha256=None, verdict=unreadable("broken")))
    folder.close()
    return tmp_path / "run"


def test_a_row_a_part_with_its_worst_view_and_a_row_a_region(run):
    parts, regions = export_run(run, "csv")
    rows = list(csv.DictReader(parts.read_text(encoding="utf-8").splitlines()))
    assert [column.name for column in PART_COLUMNS] == list(rows[0])
    first, second = rows
    assert first["part"] == "'=1", "a text that looks like a formula is none"
    assert (first["label"], first["views"], first["regions"], first["score"]) == (
        "defective",
        "2",
        "2",
        "2.5",
    )
    assert (first["image"], first["when"]) == ("/1-side.png", "2026-11-26T10:00:00.000+00:00")
    assert (second["part"], second["label"], second["score"], second["error"]) == (
        "ü",
        "review",
        "",
        "broken",
    )
    found = list(csv.DictReader(regions.read_text(encoding="utf-8").splitlines()))
    assert [column.name for column in REGION_COLUMNS] == list(found[0])
    assert [(row["region"], row["area_px"], row["left"]) for row in found] == [
        ("R1", "240", "85"),
        ("R2", "7", "85"),
    ]


def test_a_spreadsheet_with_german_settings_opens_semicolons_and_decimal_commas(run, tmp_path):
    parts, regions = export_run(run, "csv-semicolon", tmp_path / "tables" / "shift.csv")
    assert regions.name == "shift-regions.csv"
    assert parts.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(parts.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert (rows[0]["score"], rows[0]["confidence"]) == ("2,5", "0,93")


def test_parquet_has_types(run):
    parts, regions = (pyarrow.parquet.read_table(file) for file in export_run(run, "parquet"))
    assert parts["score"].to_pylist() == [2.5, None]
    assert parts["when"].to_pylist() == [datetime(2026, 11, 26, 10, tzinfo=UTC)] * 2
    assert regions.num_rows == 2


@pytest.mark.filterwarnings("default")
def test_a_workbook_has_typed_cells_which_a_spreadsheet_shows_by_its_own_settings(run):
    (file,) = export_run(run, "xlsx")
    book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["parts", "regions", "columns"]
    head, first, second = book["parts"].iter_rows(values_only=True)
    row = dict(zip(head, first, strict=True))
    assert (row["part"], row["score"], row["when"]) == ("=1", 2.5, datetime(2026, 11, 26, 10))
    assert book["parts"]["A2"].data_type == "s"
    assert second[0] == "ü"
    assert book["columns"].max_row == len(PART_COLUMNS) + len(REGION_COLUMNS)


def test_every_column_is_documented(repository):
    page = (repository / "docs" / "runs.md").read_text(encoding="utf-8")
    for column in (*PART_COLUMNS, *REGION_COLUMNS):
        assert f"| `{column.name}` | {column.meaning} |" in page


def test_what_cannot_be_written_is_told(run, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(ReportError, match="name another file"):
        export_run(run, "csv", tmp_path / "file" / "parts.csv")
    for name, kind in (("xlsxwriter", "xlsx"), ("pyarrow", "parquet")):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(MissingExtraError, match=r"echo-agent\[tables\]"):
            export_run(run, kind)


def test_the_command_writes_into_the_run_and_tells_the_files(echo, run, tmp_path):
    code, out, _ = echo("export", run, "--format", "csv")
    assert (code, out.split()) == (0, [str(run / "parts.csv"), str(run / "parts-regions.csv")])
    code, _, err = echo("export", tmp_path, "--format", "csv")
    assert code == 1
    assert "holds no run" in err
