import json
from pathlib import Path

import pytest

from echo_agent.errors import ModelError
from tests.unit.cli.conftest import FakeInspector
from tests.verdicts import a_verdict


def test_words_say_each_photographs_verdict_and_count_them(echo, fake_inspector, good_parts, scratched_part):
    code, out, err = echo("inspect", good_parts / "good-0.png", scratched_part)
    assert (code, err) == (0, "")
    assert f"{good_parts / 'good-0.png'} [plate]: normal" in out
    assert f"{scratched_part} [plate]: defective" in out
    assert "2 inspected: 1 normal, 1 defective, 0 review" in out


def test_json_is_one_object_a_line_with_image_and_product_and_nothing_else(
    echo, fake_inspector, good_parts, scratched_part
):
    code, out, _ = echo("inspect", good_parts, scratched_part, "--json", "--product", "plate")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["image"] for line in lines] == [
        *(str(good_parts / f"good-{number}.png") for number in range(10)),
        str(scratched_part),
    ]
    assert all(line["product"] == "plate" for line in lines)
    assert lines[-1]["label"] == "defective"
    assert {"confidence", "regions", "reasons", "decided_by", "attempts", "p_value", "timings"} <= lines[
        0
    ].keys()


def test_bad_ones_are_told_and_the_others_are_inspected(echo, fake_inspector, good_parts, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"")
    code, out, err = echo(
        "inspect", empty, good_parts / "good-0.png", broken, tmp_path / "none.png", "--json"
    )
    assert code == 1
    assert [json.loads(line)["image"] for line in out.splitlines()] == [str(good_parts / "good-0.png")]
    told = err.splitlines()
    assert len(told) == 3
    for file in (empty, broken, tmp_path / "none.png"):
        assert any(str(file) in line for line in told)


def test_words_count_what_could_not_be_inspected(echo, fake_inspector, good_parts, tmp_path):
    _, out, _ = echo("inspect", good_parts / "good-0.png", tmp_path / "none.png")
    assert "1 inspected: 1 normal, 0 defective, 0 review; 1 could not be inspected" in out


@pytest.mark.parametrize("output", [[], ["--json"]])
def test_an_unknown_product_stops_before_the_first_photograph(echo, fake_inspector, good_parts, output):
    code, out, err = echo("inspect", good_parts, "--product", "bolt", *output)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1


def test_page_writes_one_file_with_each_photograph(echo, fake_inspector, good_parts, tmp_path):
    echo("inspect", good_parts, "--page", tmp_path / "report.html", "--json")
    assert (tmp_path / "report.html").read_text().count("<article") == 10


def test_a_part_that_cannot_be_judged_costs_no_other_its_verdict(
    echo, fake_inspector, good_parts, scratched_part, tmp_path, monkeypatch
):
    def inspect(self, image, **_):
        if Path(image.uri).name == "good-1.png":
            raise ModelError("the server is gone: start it again")
        return a_verdict("normal", score=0.9, map_id="m")

    monkeypatch.setattr(FakeInspector, "inspect", inspect)
    page = tmp_path / "page.html"
    code, out, err = echo("inspect", good_parts, "--json", "--page", page)
    assert code == 1
    assert len(out.splitlines()) == 9
    assert err == f"echo-agent: {good_parts / 'good-1.png'}: the server is gone: start it again\n"
    assert "good-9.png" in page.read_text()
