import pytest

from echo_agent.errors import ImageError
from echo_agent.images.listing import list_images, repeated


@pytest.fixture
def folder(tmp_path):
    """Makes files; each holds its own name."""

    def made(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(name)
        return tmp_path

    return made


def names(files):
    return [file.name for file in files]


def test_a_folder_is_listed_by_name_and_nothing_is_told_where_nothing_is_left_out(folder, caplog):
    place = folder("b.PNG", "a.jpg", "c.tiff", "._a.jpg", "Thumbs.db", ".cache/d.png")
    (place / "d.png").mkdir()
    assert names(list_images(place)) == ["a.jpg", "b.PNG", "c.tiff"]
    assert caplog.messages == []


def test_what_is_left_out_is_told_with_its_remedy(folder, caplog, monkeypatch):
    monkeypatch.setattr("echo_agent.images.heif.find_spec", lambda _: None)
    place = folder("a.jpg", "notes.txt", "x.heic", "y.HEIC", "old/b.jpg", "old/more/c.png", "empty/readme")
    assert names(list_images(place)) == ["a.jpg"]
    assert caplog.messages == [
        f"{place}: 2 .heic files left out (pip install 'echo-agent[heic]', or save it as JPEG)",
        f"{place}: 1 .txt file left out",
        f"{place}: 2 photographs in folders below (old) left out: --recursive takes them",
    ]


def test_the_folders_below_are_taken_where_that_is_wanted(folder, caplog):
    place = folder("a.jpg", "old/b.jpg", "old/more/c.png", "old/.hidden/d.png")
    assert names(list_images(place, recursive=True)) == ["a.jpg", "b.jpg", "c.png"]
    assert caplog.messages == []


def test_copies_are_counted(folder, caplog):
    place = folder("a.jpg", "b.jpg", "c.jpg", "long-name.jpg")
    for name in ("b.jpg", "c.jpg"):
        (place / name).write_text("a.jpg")
    assert len(list_images(place)) == 4
    assert caplog.messages == [f"{place}: 4 files, 2 photographs: the others are copies of these"]
    assert repeated([place / "a.jpg", place / "long-name.jpg", place / "gone.jpg"]) == []


def test_a_folder_that_is_missing_or_without_images_is_named_with_what_it_holds(folder):
    place = folder("notes.txt", "below/a.png")
    with pytest.raises(ImageError, match="is not a folder"):
        list_images(place / "none")
    with pytest.raises(
        ImageError, match=r"holds no images .*1 \.txt file left out; 1 photograph in folders below"
    ):
        list_images(place)
