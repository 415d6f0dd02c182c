"""A file is replaced whole or not at all."""

import os
import stat

import pytest

from echo_agent.files import UNFINISHED, replacing


@pytest.mark.parametrize("durable", [False, True])
def test_the_content_takes_the_place_when_it_is_complete(tmp_path, durable):
    file = tmp_path / "a.txt"
    file.write_text("old")
    with replacing(file, durable=durable) as stream:
        stream.write(b"new")
        stream.flush()
        assert file.read_text() == "old"
        assert [left.name for left in tmp_path.glob(UNFINISHED)] == [os.path.basename(stream.name)]
    assert file.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_what_stops_half_way_leaves_the_old_content_and_nothing_else(tmp_path, stop):
    file = tmp_path / "a.txt"
    file.write_text("old")

    def stops(stream):
        stream.write(b"half")
        raise stop

    with pytest.raises(stop), replacing(file) as stream:
        stops(stream)
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_others_may_read_it_as_they_may_read_any_file_that_is_made_here(tmp_path):
    (tmp_path / "usual").write_text("")
    with replacing(tmp_path / "ours"):
        pass
    usual, ours = (stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "ours"))
    assert ours == usual


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "none" / "a.txt"):
        pass
    assert os.listdir(tmp_path) == []
