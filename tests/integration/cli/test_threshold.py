"""``echo-agent threshold`` from registered photographs to the words and the JSON."""

import json

import pytest

from tests.conftest import synthetic_part
from tests.stand_in_encoder import use_stand_in_encoder


@pytest.fixture
def registered(echo, monkeypatch, tmp_path, good_parts):
    """A memory with ten plates, and a flat folder of two more good ones and two scratched ones."""
    use_stand_in_encoder(monkeypatch)
    code, _, err = echo("--memory", tmp_path / "memory", "register", "plate", good_parts)
    assert code == 0, err
    for kind, defect in (("good", False), ("scratch", True)):
        (tmp_path / "labelled" / kind).mkdir(parents=True)
        for seed in (20, 21):
            synthetic_part(seed, defect=defect).save(tmp_path / "labelled" / kind / f"{seed}.png")
    return tmp_path


def test_the_references_alone_say_what_they_allow(echo, registered):
    code, out, _ = echo("--memory", registered / "memory", "threshold", "plate", "--max-false-reject", "0.01")
    assert code == 0
    assert "10 normals, each against the others" in out
    assert "1 % false rejects need 89 more references" in out


def test_labelled_parts_are_counted_in_zones(echo, registered):
    code, out, _ = echo(
        "--memory",
        registered / "memory",
        "threshold",
        "plate",
        "--labelled",
        registered / "labelled",
        "--plot",
        registered / "scores.png",
        "--json",
    )
    assert code == 0
    assert out.count("\n") == 1
    found = json.loads(out)
    assert len(found["labelled"]["good"]) == len(found["labelled"]["defective"]) == 2
    assert found["zones"]["defective"][0] == 0
    assert sum(found["zones"]["defective"]) == 2
    assert found["passes"]["guarantee"]["defects_missing"] == 7
    assert (registered / "scores.png").is_file()


def test_an_unknown_product_is_an_error_in_one_line(echo, registered):
    code, _, err = echo("--memory", registered / "memory", "threshold", "gear")
    assert code == 1
    assert "plate" in err
