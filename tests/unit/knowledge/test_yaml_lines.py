import time

import pytest

from echo_agent.knowledge.loader import check_card
from echo_agent.knowledge.yaml_lines import MAX_BYTES, read_yaml

LAUGHS = "a: &a [lol, lol]\n" + "".join(f"k{n}: &k{n} [*a, *a, *a]\n" for n in range(9))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (LAUGHS, 1, "anchors (&) and aliases (*) are not read"),
        ("a: 1\nb: *a", 2, "anchors (&) and aliases (*) are not read"),
        ("a: 1\nb: !!int '7'", 2, "the tag 'tag:yaml.org,2002:int' is not read"),
        ("a: !!timestamp 2026-11-26", 1, "is not read"),
        ("a: !!python/object/apply:os.system [id]", 1, "is not read"),
        ("a: !mine 7", 1, "the tag '!mine' is not read"),
        ("a: " + "[" * 100_000, 1, "stand in each other"),
        ("a:\n" + "- a\n" * 30_000, None, "more than 20000 values"),
        ("a: 1\n? [x]\n: 2", 2, "is no key"),
        ('a: 1\nb: "\\uD800"', 2, "half a character"),
        ('a: 1\n"\\uD800": 1', 2, "half a character"),
        ('a: "\\U00110000"', 1, "no valid YAML"),
        ("%YAML " + "9" * 5000 + ".1\n---\na: 1", 1, "no valid YAML"),
    ],
)
def test_what_a_card_does_not_need_is_refused_with_its_line(text, line, words):
    start = time.process_time()
    document = read_yaml(text, "card.yaml")
    assert any(words in p.message and line in {None, p.line} for p in document.problems), document.problems
    assert time.process_time() - start < 10


def test_dates_and_merge_keys_are_plain_text():
    document = read_yaml("when: 2026-11-26\nat: 2026-11-26T10:00:00Z\n<<: {a: b}", "card.yaml")
    assert document.data == {"when": "2026-11-26", "at": "2026-11-26T10:00:00Z", "<<": {"a": "b"}}


def test_numbers_of_the_core_schema_are_numbers_and_very_long_ones_are_infinite():
    text = "a: 010\nb: 0x1f\nc: 0o17\nd: 1e3\ne: -.5\nf: null\ng: true\nh: " + "9" * 5000
    data = read_yaml(text, "card.yaml").data
    assert data == {
        "a": 10,
        "b": 31,
        "c": 15,
        "d": 1000.0,
        "e": -0.5,
        "f": None,
        "g": True,
        "h": float("inf"),
    }


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("scale: {mm_per_pixel: 1e999}", "finite"),
        ("defects: [" + "{name: a, look: b}, " * 400 + "]", "at most 300"),
        ("aliases: [" + "x" * 20_000 + "]", "at most 10000 characters"),
        (
            "checklist: [{statement: two screws, reference: /etc/hosts, places: [[0, 0, 1, 1]]}]",
            "beside the card",
        ),
        (
            "checklist: [{statement: two screws, reference: ../a.png, places: [[0, 0, 1, 1]]}]",
            "beside the card",
        ),
    ],
)
def test_a_card_has_bounds(tmp_path, more, words):
    file = tmp_path / "card.yaml"
    file.write_text(f"schema_version: 1\nproduct: x\nnormal: x\n{more}\n")
    loaded, problems = check_card(file)
    assert loaded is None
    assert any(words in problem.message for problem in problems), problems


def test_a_card_that_is_too_large_or_no_file_is_told(tmp_path):
    file = tmp_path / "card.yaml"
    file.write_text("#" * (MAX_BYTES + 1))
    assert "more than 0.25 MiB" in check_card(file)[1][0].message
    assert (
        "is no file"
        in check_card(tmp_path / "." if (file.unlink() or file.mkdir()) else tmp_path)[1][0].message
    )
