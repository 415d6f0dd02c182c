import unicodedata
from pathlib import Path

import pytest

from echo_agent.errors import KnowledgeError
from echo_agent.knowledge.loader import (
    SHIPPED_CARDS,
    CardLibrary,
    check_card,
    check_folder,
    list_cards,
    read_card,
)
from echo_agent.knowledge.yaml_lines import read_yaml

GOOD = """\
schema_version: 1
product: bolt
aliases: [hex bolt]
normal: A shiny bolt.
zones:
  - name: head
    box: [0, 0, 1, 0.5]
defects:
  - name: scratch
    look: A bright line.
tolerances:
  - defect: scratch
    max_length: 2 mm
    zone: head
"""


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "card.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_card_is_read_with_the_lines_of_its_values(tmp_path):
    loaded = read_card(write(tmp_path, GOOD).parent)
    assert loaded.card.product == "bolt"
    assert str(loaded.card.tolerances[0].max_length) == "2 mm"
    assert loaded.line("product") == 2
    assert loaded.line("defects", 0, "look") == 10


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("max_length: 2 mm", "max_lenght: 2 mm", 13, "did you mean 'max_length'"),
        ("max_length: 2 mm", "max_length: 2", 13, "has no unit: write '2 mm'"),
        ("max_length: 2 mm", "max_length: 2 inch", 13, "use one of mm, px, %"),
        ("max_length: 2 mm", "max_length: 0 mm", 13, "allows nothing"),
        ("max_length: 2 mm", "max_length: long", 13, "no number with a unit"),
        ("[0, 0, 1, 0.5]", "[0, 0, 1.5, 0.5]", 7, "outside the image"),
        ("[0, 0, 1, 0.5]", "[0.5, 0, 0.2, 0.5]", 6, "is empty"),
        ("    box: [0, 0, 1, 0.5]\n", "", 6, "either a box or a polygon"),
        ("zone: head", "zone: tail", 14, "no zone of this card (head)"),
        ("- defect: scratch", "- defect: dent", 12, "no defect type of this card (scratch)"),
        ("product: bolt", "product: bolt\nproduct: nut", 3, "is there twice"),
        ("normal: A shiny bolt.\n", "", 1, "'normal' is missing"),
        ("schema_version: 1", "schema_version: 7", 1, "reads version 1"),
        ("product: bolt", "product: [bolt", 3, "no valid YAML"),
        ("    max_length: 2 mm\n", "", 12, "has no limit"),
        ("aliases: [hex bolt]", "aliases: hex bolt", 3, "valid list"),
    ],
)
def test_a_broken_card_names_file_line_and_remedy(tmp_path, old, new, line, words):
    assert old in GOOD
    file = write(tmp_path, GOOD.replace(old, new))
    loaded, problems = check_card(file)
    assert loaded is None
    assert any(problem.line == line and words in problem.message for problem in problems), problems
    with pytest.raises(KnowledgeError, match=f"card.yaml:{line}: "):
        read_card(file)


@pytest.mark.parametrize(("text", "words"), [("", "empty"), ("- a\n- b\n", "key: value")])
def test_a_file_that_is_no_card_says_so(tmp_path, text, words):
    _, problems = check_card(write(tmp_path, text))
    assert words in problems[0].message


def test_what_cannot_be_read_says_so(tmp_path):
    assert "no such file" in check_card(tmp_path / "absent.yaml")[1][0].message
    (tmp_path / "card.yaml").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in check_card(tmp_path)[1][0].message


def test_all_problems_of_a_card_are_told_at_once(tmp_path):
    text = GOOD.replace("2 mm", "2").replace("look:", "predictions:")
    _, problems = check_card(write(tmp_path, text))
    assert [problem.line for problem in problems] == [9, 10, 13]


def test_places_need_an_image_that_is_there(tmp_path):
    item = "checklist:\n  - statement: one bolt\n    places: [[0, 0, 0.2, 0.2]]\n    reference: seen.png\n"
    _, problems = check_card(write(tmp_path, GOOD + item))
    assert problems[0].line == 18
    assert "no image 'seen.png' beside the card" in problems[0].message
    (tmp_path / "seen.png").write_bytes(b"")
    assert read_card(tmp_path).card.checklist[0].places == ((0, 0, 0.2, 0.2),)


def test_each_counted_thing_has_its_place(tmp_path):
    item = "checklist:\n  - statement: two bolts\n    places: [[0, 0, 0.2, 0.2]]\n    reference: seen.png\n"
    (tmp_path / "seen.png").write_bytes(b"")
    _, problems = check_card(write(tmp_path, GOOD + item))
    assert problems[0].line == 17
    assert "expects 2 and 1 places are drawn: draw one place for each" in problems[0].message


def test_two_cards_for_one_product_in_a_folder_are_told(tmp_path):
    write(tmp_path / "a", GOOD)
    write(
        tmp_path / "b",
        GOOD.replace("product: bolt", "product: Hex-Bolt").replace("aliases: [hex bolt]\n", ""),
    )
    cards, problems = check_folder(tmp_path)
    assert [card.card.product for card in cards] == ["bolt"]
    assert problems[0].line == 2
    assert "two cards for one product" in problems[0].message
    with pytest.raises(KnowledgeError, match="two cards for one product"):
        CardLibrary.open([tmp_path], shipped=False)


def test_a_product_is_found_by_name_and_alias_and_a_users_card_goes_first(tmp_path):
    write(tmp_path / "own", GOOD.replace("product: bolt", "product: solar_cell"))
    registered = write(tmp_path / "registered", GOOD)
    library = CardLibrary.open([tmp_path / "own"], registered=[registered])
    assert library.find("Solar-Cell").file == tmp_path / "own" / "card.yaml"
    assert library.find("bolt").file == registered
    assert library.find("HEX bolt").file == registered
    assert library.find("photovoltaic cell").file.parent == SHIPPED_CARDS / "solar_cell"
    assert library.find("left shoe") is None


def test_a_missing_knowledge_folder_is_told(tmp_path):
    with pytest.raises(KnowledgeError, match="ECHO_KNOWLEDGE"):
        CardLibrary.open([tmp_path / "absent"])


@pytest.mark.parametrize(
    ("written", "read"), [("010", 10), ("1e1", 10), ("0x0A", 10), ("0o12", 10), ("+10", 10), ("1.", 1)]
)
def test_numbers_are_those_of_yaml_1_2(tmp_path, written, read):
    text = f"{GOOD}scale: {{mm: {written}, pixels: 100}}\n"
    assert read_yaml(text, "card.yaml").data["scale"]["mm"] == read


@pytest.mark.parametrize("written", ["1:30", "1_5", "yes", "Off", ".inf", "-.INF", ".nan"])
def test_what_can_be_read_in_two_ways_is_told_and_not_guessed(tmp_path, written):
    loaded, problems = check_card(write(tmp_path, f"{GOOD}notes: [{written}]\n"))
    assert loaded is None
    assert any(f"{written} can be read in two ways" in str(problem) for problem in problems)
    assert read_yaml(f"notes: ['{written}']", "card.yaml").problems == ()


def test_a_card_in_composed_letters_is_found_by_a_name_in_single_ones_and_back(tmp_path):
    apart, composed = unicodedata.normalize("NFD", "Türgriff"), "Türgriff"
    for number, (card, product) in enumerate(((apart, composed), (composed, apart))):
        folder = tmp_path / str(number)
        write(folder / "x", GOOD.replace("product: bolt", f"product: {card}"))
        assert CardLibrary.open([folder]).find(product) is not None


@pytest.mark.parametrize("file", list_cards(SHIPPED_CARDS), ids=lambda file: file.parent.name)
def test_every_shipped_card_is_sound(file):
    _, problems = check_card(file)
    assert not problems


def test_shipped_cards_do_not_contradict_each_other():
    cards, problems = check_folder(SHIPPED_CARDS)
    assert not problems
    assert {card.file.parent.name for card in cards} == {card.card.product for card in cards}
