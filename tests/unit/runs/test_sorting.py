import pytest

from echo_agent.errors import RunError
from echo_agent.files import digest_of
from echo_agent.runs.sorting import Sorter
from tests.unit.runs.test_folder import a_line


@pytest.fixture
def photograph(tmp_path):
    file = tmp_path / "new" / "a.png"
    file.parent.mkdir()
    file.write_bytes(b"abc")
    return file


def sorted_as(tmp_path):
    return sorted(str(file.relative_to(tmp_path / "by")) for file in (tmp_path / "by").rglob("*.png"))


def test_a_photograph_is_linked_into_its_labels_folder_once(photograph, tmp_path):
    line = a_line(1, photograph, "defective", sha256=digest_of(photograph))
    for _ in range(2):
        Sorter(tmp_path / "by").saw(line)
    assert sorted_as(tmp_path) == ["defective/a.png"]
    assert photograph.samefile(tmp_path / "by" / "defective" / "a.png")


def test_moving_takes_it_away_and_is_not_undone_by_another_of_that_name(photograph, tmp_path):
    sorter = Sorter(tmp_path / "by", move=True)
    line = a_line(1, photograph, "normal", sha256=digest_of(photograph))
    sorter.saw(line)
    assert not photograph.exists()
    photograph.write_bytes(b"another")
    sorter.saw(line)
    assert photograph.exists(), "the line was of another photograph"
    sorter.saw(a_line(2, photograph, "normal", sha256=digest_of(photograph)))
    assert sorted_as(tmp_path) == ["normal/a-2.png", "normal/a.png"]


def test_a_folder_that_cannot_be_made_is_told(photograph, tmp_path):
    (tmp_path / "by").touch()
    with pytest.raises(RunError, match="choose another --sort-into"):
        Sorter(tmp_path / "by").saw(a_line(1, photograph, sha256=digest_of(photograph)))
