import pytest

from echo_agent.errors import EchoError, SettingsError
from echo_agent.runs.photograph import PartIds, Photograph
from echo_agent.runs.sources import photographs_of


def names(source, lines=()):
    return [photograph.path.name for photograph in photographs_of(str(source), lines)]


def test_folders_patterns_lists_and_standard_input(good_parts, tmp_path):
    assert names(good_parts) == [f"good-{number}.png" for number in range(10)]
    assert names(good_parts / "good-[12].png") == ["good-1.png", "good-2.png"]
    assert names("-", ["a.png\n", "\n", "b.png\n"]) == ["a.png", "b.png"]
    listed = tmp_path / "list.csv"
    listed.write_text("Part;Image\n7;a.png\n;sub/b.png\n", encoding="utf-8-sig")
    found = list(photographs_of(str(listed)))
    assert [(one.path, one.part) for one in found] == [
        (tmp_path / "a.png", "7"),
        (tmp_path / "sub/b.png", None),
    ]


def test_a_list_of_a_german_spreadsheet_is_read(tmp_path):
    listed = tmp_path / "liste.csv"
    listed.write_text("sep=;\nTeil;Bild\n7;oben\\a.png\n", encoding="utf-16")
    (found,) = photographs_of(str(listed))
    assert (found.path, found.part) == (tmp_path / "oben" / "a.png", "7")


def test_what_names_nothing_is_told(tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text("picture\na.png\n")
    for source, told in (
        (tmp_path, "holds no images"),
        (tmp_path / "*.png", "matches no image"),
        (listed, "no column image"),
    ):
        with pytest.raises(EchoError, match=told):
            names(source)


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        (None, "/line/4711_top.png"),
        (r"(\d+)_", "4711"),
        (r"\d+", "4711"),
        (r"(line)/(?P<part>\d+)", "4711"),
        (r"lot-(\d+)", "4711_top.png"),
    ],
)
def test_the_part_is_what_the_pattern_finds(pattern, part):
    assert PartIds(pattern).of(Photograph.at("/line/4711_top.png")) == part


def test_a_broken_pattern_is_told():
    with pytest.raises(SettingsError, match="--part-id"):
        PartIds("(")
