"""``echo-agent threshold`` from registered photographs to the words and the JSON."""

import json

import pytest
from PIL import Image, ImageDraw, ImageEnhance

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


def test_frames_of_a_labelled_part_are_that_part_once(echo, registered):
    def asked(*options):
        labelled = "--labelled", registered / "labelled"
        code, out, err = echo("--memory", registered / "memory", "threshold", "plate", *labelled, *options)
        assert code == 0, err
        return out

    once = json.loads(asked("--json"))
    assert "labelled photographs" not in asked()
    for file in sorted((registered / "labelled").rglob("*.png")):
        for frame in range(3):
            again = ImageEnhance.Brightness(Image.open(file)).enhance(1.01 + frame / 100)
            again.save(file.with_name(f"{file.stem}-{frame}.jpg"), quality=95)
    repeated = json.loads(asked("--json"))
    assert repeated["labelled"]["photographs"] == 16
    assert repeated["passes"]["guarantee"] == once["passes"]["guarantee"]
    for kind, severest in (("good", max), ("defective", min)):
        for before, after in zip(once["labelled"][kind], repeated["labelled"][kind], strict=True):
            assert severest(before, after) == after
    assert "16 labelled photographs show 4 parts" in asked()


def test_an_unknown_product_is_an_error_in_one_line(echo, registered):
    code, _, err = echo("--memory", registered / "memory", "threshold", "gear")
    assert code == 1
    assert "plate" in err


def test_a_rate_is_tried_on_the_inspections_so_far(echo, registered):
    memory = registered / "memory"
    photographs = [registered / f"{kind}.png" for kind in ("good", "burnt", "torn")]
    for file, colour in zip(photographs, (None, "black", "white"), strict=True):
        part = synthetic_part(30)
        if colour is not None:
            ImageDraw.Draw(part).rectangle((60, 40, 80, 60), fill=colour)
        part.save(file)
    echo("--memory", memory, "inspect", *photographs, "--product", "plate")
    tried = "--memory", memory, "threshold", "plate", "--what-if", "--max-false-reject"
    code, out, err = echo(*tried, 0.1)
    assert code == 0, err
    assert "At 10 % false rejects: 9 % of good parts" in out
    assert "Of the last 3 inspections it would have changed no label" in out
    code, out, _ = echo(*tried, 0.01)
    assert "nothing can be promised from 10 normals; it needs 89 more references" in out
    assert "changed 2 labels: 2 from defective to review" in out
    assert "burnt.png: defective, would be review" in out
    code, out, _ = echo(*tried, 0.01, "--json")
    assert [change["after"] for change in json.loads(out)["changes"]] == ["review", "review"]


def test_who_set_how_strict_it_is_and_when_stays(echo, registered):
    memory = registered / "memory"
    code, out, err = echo(
        "--memory", memory, "threshold", "plate", "--set", "max_false_reject=0.05", "--who", "Ada"
    )
    assert code == 0, err
    assert "set by Ada, 20" in out
    synthetic_part(40).save(registered / "one-more.png")
    echo("--memory", memory, "register", "plate", registered / "one-more.png")
    _, out, _ = echo("--memory", memory, "threshold", "plate")
    assert "set by Ada, 20" in out
    code, _, err = echo(
        "--memory", memory, "threshold", "plate", "--set", "max_false_reject=0.1", "--who", "A" * 201
    )
    assert code == 1
    assert "who cannot be kept" in err
