"""The first day of a quality engineer, as docs/first-day.md tells it, on real photographs."""

import csv
import doctest
import re
import shlex
import shutil

import pytest

BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^\$ echo-agent (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
FREE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
NEW = ("good/020", "good/021", "broken/000", "glue/000")


@pytest.fixture
def workplace(test_data, tmp_path, monkeypatch):
    """An empty folder with the photographs of one product."""
    product = test_data / "Wide" / "mesh_drawn"
    for folder in ("good", "new"):
        (tmp_path / "photographs" / folder).mkdir(parents=True)
    for number in range(8):
        shutil.copy(product / f"train/good/{number:03d}.png", tmp_path / "photographs" / "good")
    for number, name in enumerate(NEW, start=1):
        shutil.copy(product / f"test/{name}.png", tmp_path / f"photographs/new/{number:04d}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.second_encoder
@pytest.mark.data
@pytest.mark.slow
def test_it_goes_as_it_is_told(repository, workplace, echo):
    page = (repository / "docs" / "first-day.md").read_text(encoding="utf-8")
    calls = [call for block in BLOCK.findall(page) for call in CALL.findall(block)]
    assert len(calls) == 12
    checker = doctest.OutputChecker()
    for command, told in calls:
        code, out, err = echo(*shlex.split(command))
        assert (code, err) == (0, ""), command
        assert checker.check_output(told, out, FREE), f"{command}\n{out}"
    with (workplace / "records.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    said = {row["photograph"]: row["person_label"] for row in rows}
    assert said == {
        "photographs/new/0001.png": "normal",
        "photographs/new/0002.png": "",
        "photographs/new/0003.png": "defective",
        "photographs/new/0004.png": "defective",
    }
