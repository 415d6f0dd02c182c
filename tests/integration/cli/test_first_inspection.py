"""From a folder of good photographs to verdicts, by the command line as a user calls it."""

import json
import os
import subprocess
import sys

import pytest
from PIL import Image

from echo_agent.state import Verdict


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "echo_agent.cli.app", *(str(argument) for argument in arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_json_is_verdicts_and_nothing_else_and_a_scratch_is_not_passed(plates, good_parts, scratched_part):
    ran = run(
        "inspect",
        good_parts / "good-0.png",
        scratched_part,
        "--product",
        "plate",
        "--json",
        ECHO_MEMORY=str(plates),
    )
    assert ran.returncode == 0
    assert ran.stderr == ""
    good, scratched = (json.loads(line) for line in ran.stdout.splitlines())
    assert good["image"] == str(good_parts / "good-0.png")
    assert good["product"] == scratched["product"] == "plate"
    assert good["label"] == "normal"
    assert scratched["label"] != "normal"
    assert scratched["score"] > scratched["threshold"] > good["score"]
    for line in (good, scratched):
        line.pop("image")
        Verdict.model_validate(line)


def test_experts_are_switched_on_the_command_line(echo, plates, scratched_part):
    def judged(*options):
        _, out, err = echo(
            "inspect", scratched_part, "--product", "plate", "--json", "--memory", plates, *options
        )
        return json.loads(out) if out else err

    assert judged("--profile", "always")["trace"] is not None
    assert judged("--profile", "always", "--experts", "reference")["trace"] is None
    alone = judged("--experts", "knowledge,reasoning")
    assert (alone["label"], alone["score"]) == ("review", None)
    assert "colour is no expert: name some of reference" in judged("--experts", "colour")


def test_the_exit_code_tells_of_a_bad_image(plates, good_parts, tmp_path):
    ran = run("inspect", tmp_path / "none.png", good_parts / "good-0.png", "--json", "--memory", plates)
    assert ran.returncode == 1
    assert len(ran.stdout.splitlines()) == len(ran.stderr.splitlines()) == 1


def test_wrong_usage_exits_with_2():
    assert run("inspect").returncode == 2


def test_the_scratch_lies_where_the_map_says(echo, plates, scratched_part):
    _, out, _ = echo("inspect", scratched_part, "--product", "plate", "--json", "--memory", plates)
    box = json.loads(out)["regions"][0]["box"]
    assert box["left"] <= 100 <= box["right"]
    assert box["top"] <= 45 <= box["bottom"]


def test_words_picture_and_page(echo, plates, scratched_part, tmp_path):
    code, out, _ = echo(
        "inspect",
        scratched_part,
        "--product",
        "plate",
        "--memory",
        plates,
        "--out",
        tmp_path / "run",
        "--page",
        tmp_path / "report.html",
    )
    assert code == 0
    assert "[plate]: " in out
    assert "[plate]: normal" not in out
    (file,) = (tmp_path / "run" / "maps").glob("scratched-*.jpg")
    with Image.open(file) as drawn:
        assert drawn.size == (192, 144)
    html = (tmp_path / "report.html").read_text()
    assert "scratched.png" in html
    assert html.count("<img ") >= 3


def test_shots_and_seed_choose_references_and_registering_again_raises_the_version(
    echo, good_parts, tmp_path
):
    def registered(seed):
        code, out, _ = echo(
            "register", "plate", good_parts, "--shots", 3, "--seed", seed, "--memory", tmp_path, "--json"
        )
        assert code == 0
        record = json.loads(out)
        return record["version"], sorted(reference["sha256"] for reference in record["references"])

    (first, chosen), (second, again), (third, others) = registered(5), registered(5), registered(6)
    assert (first, second, third) == (1, 2, 3)
    assert len(chosen) == 3
    assert chosen == again != others
    _, out, _ = echo("products", "history", "plate", "--memory", tmp_path)
    assert "registered, drawn from all 10 by seed 5" in out
    assert "added 2 photographs, 1 known before, drawn from all 10 by seed 6" in out


def test_a_draw_is_told(echo, good_parts, tmp_path):
    _, out, _ = echo("register", "plate", good_parts, "--shots", 3, "--memory", tmp_path)
    assert "3 references, version 1 (registered, drawn from all 10 by seed 0)" in out


def test_few_normals_say_how_many_are_missing(echo, good_parts, scratched_part, tmp_path):
    echo("register", "plate", good_parts, "--shots", 4, "--memory", tmp_path)
    _, out, _ = echo("inspect", scratched_part, "--memory", tmp_path, "--product", "plate")
    assert ": review" in out
    assert "5 more" in out


def test_a_product_that_is_removed_is_gone(echo, good_parts, tmp_path):
    echo("register", "plate", good_parts, "--shots", 1, "--memory", tmp_path)
    assert echo("products", "remove", "plate", "--memory", tmp_path)[0] == 0
    _, out, _ = echo("products", "--json", "--memory", tmp_path)
    assert json.loads(out) == []


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_memory_option_stands_before_or_after_the_command(echo, plates, place):
    arguments = ["--memory", plates, "products"] if place == "before" else ["products", "--memory", plates]
    _, out, err = echo(*arguments)
    assert "plate" in out, err
