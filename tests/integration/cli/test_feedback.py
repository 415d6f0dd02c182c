"""``echo-agent feedback``: what a shift says, learnt, listed, and taken back."""

import json

import pytest

from tests.conftest import synthetic_part
from tests.stand_in_encoder import use_stand_in_encoder

CARD = """\
schema_version: 1
product: plate
normal: Two round holes.
defects:
  - name: scratch
    look: A dark line.
"""


@pytest.fixture
def run(echo, monkeypatch, tmp_path, good_parts):
    """Runs commands on a memory with ten plates and their card; beside it lie photographs of a shift."""
    use_stand_in_encoder(monkeypatch)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "card.yaml").write_text(CARD)
    (tmp_path / "shift").mkdir()
    for seed in range(30, 34):
        synthetic_part(seed, defect=seed == 33).save(tmp_path / "shift" / f"part-{seed}.png")

    def command(*arguments):
        return echo("--memory", tmp_path / "memory", *arguments)

    assert command("register", "plate", good_parts, "--knowledge", tmp_path / "card.yaml")[0] == 0
    monkeypatch.chdir(tmp_path)
    return command


def test_a_table_is_learnt_as_one_version_and_the_list_says_type_who_and_file(run, tmp_path):
    (tmp_path / "shift.csv").write_text(
        "image;label;who\nshift/part-30.png;ok;Ann\nshift/part-31.png;good;Ben\nshift/part-33.png;Scratch;Ben\n"
    )
    code, _, err = run("feedback", "shift.csv", "--learn")
    assert code == 0, err
    listed = run("feedback", "--list")[1].splitlines()
    for words, line in zip(
        (
            ("normal", "reference", "Ann", "part-30.png"),
            ("reference", "Ben"),
            ("scratch", "exemplar", "part-33.png"),
        ),
        listed[1:],
        strict=True,
    ):
        assert all(word in line for word in words), line
    history = json.loads(run("products", "history", "plate", "--json")[1])
    assert [(record["version"], record["origin"]) for record in history] == [
        (2, "3 answers learnt"),
        (1, "registered"),
    ]
    assert run("products", "restore", "plate", "1")[0] == 0
    assert "reference, not in force" in run("feedback", "--list")[1]
    assert "taken back" in run("feedback", "--undo")[1]


@pytest.mark.parametrize("word", ["normal", "good", "OK"])
def test_a_folder_is_said_at_once(run, word):
    code, out, _ = run("feedback", "shift", "--label", word, "--product", "plate", "--json")
    assert code == 0
    said = [json.loads(line) for line in out.splitlines()]
    assert [one["name"] for one in said] == [f"shift/part-{seed}.png" for seed in range(30, 34)]
    assert {(one["answer"]["label"], one["learnt"]) for one in said} == {("normal", None)}


def test_a_label_may_name_the_defect_and_one_that_says_nothing_is_asked_for(run):
    said = ("feedback", "shift/part-33.png", "--product", "plate", "--label")
    assert "defective  scratch" in run(*said, "scratch")[1]
    assert (
        "label 'flush': is that good or a defect? Say so: --label 'flush'=defective" in run(*said, "flush")[2]
    )


def test_an_unknown_type_is_asked_back_before_anything_is_recorded(run):
    given = ("feedback", "shift", "--label", "defective", "--product", "plate", "--defect-type", "scrach")
    code, out, err = run(*given)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "no defect type 'scrach' (scratch): did you mean 'scratch'? Or --new-type takes it as it is" in err
    assert run("feedback", "--list")[1] == "Nobody has said anything yet.\n"
    assert run(*given, "--new-type")[0] == 0
    assert run("feedback", "--list")[1].count("scrach") == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((), "say which photograph is what"), (("shift",), "--label normal"), (("none.csv",), "none.csv")],
)
def test_what_is_not_said_is_asked_for(run, arguments, message):
    code, out, err = run("feedback", *arguments)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert message in err
