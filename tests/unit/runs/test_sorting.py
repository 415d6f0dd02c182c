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


@pytest.mark.parametrize("linkable", [True, False])
def test_two_photographs_of_one_name_and_content_are_two(photograph, tmp_path, monkeypatch, linkable):
    def no_links(*_):
        raise OSError("another disk")

    if not linkable:
        monkeypatch.setattr("os.link", no_links)
    other = tmp_path / "old" / "a.png"
    other.parent.mkdir()
    other.write_bytes(photograph.read_bytes())
    lines = [
        a_line(number, file, "normal", sha256=digest_of(file))
        for number, file in enumerate((photograph, other), start=1)
    ]
    for _ in range(2):
        sorter = Sorter(tmp_path / "by")
        for line in lines:
            sorter.saw(line)
        assert sorted_as(tmp_path) == ["normal/a-2.png", "normal/a.png"]
    assert linkable == other.samefile(tmp_path / "by" / "normal" / "a-2.png")


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
