import json
from pathlib import Path

import pytest


def test_register_hands_all_options_on_and_says_what_was_made(echo, fake_inspector, tmp_path):
    code, out, err = echo(
        "register",
        "plate",
        "good",
        "--shots",
        4,
        "--seed",
        7,
        "--knowledge",
        "card.yaml",
        "--replace",
        "--depth",
        12,
        "--memory",
        tmp_path,
    )
    assert code == 0
    assert err == ""
    assert out.startswith(f"plate is registered in {tmp_path}: 2 references")
    assert "33 % of good parts" in out
    (inspector,) = fake_inspector
    assert inspector.memory.folder == tmp_path
    assert inspector.registered == {
        "product": "plate",
        "images": Path("good"),
        "shots": 4,
        "seed": 7,
        "knowledge": Path("card.yaml"),
        "replace": True,
        "forget_learnt": False,
        "depth": "12",
        "recursive": False,
        "tiles": None,
    }


def test_register_json_is_one_object_on_one_line(echo, fake_inspector):
    _, out, _ = echo("register", "plate", "good", "--json")
    assert out.count("\n") == 1
    assert json.loads(out)["name"] == "plate"


def test_no_progress_bar_in_a_pipe(echo, fake_inspector):
    assert echo("register", "plate", "good")[2] == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [((), "give DIR"), (("good", "--add-encoder"), "alone"), (("--add-encoder", "--replace"), "alone")],
)
def test_either_photographs_or_a_second_encoder_are_given(echo, fake_inspector, arguments, told):
    code, _, err = echo("register", "plate", *arguments)
    assert code == 2
    assert told in err
