"""A wheel, installed outside the checkout, works from an empty folder as the checkout does."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

pytest.importorskip("hatchling", reason="the wheel is built by hatchling")

MODULE = ("-m", "echo_agent")


def run(*arguments, where, **environment):
    ran = subprocess.run(
        [sys.executable, *(str(argument) for argument in arguments)],
        cwd=where,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory):
    place = tmp_path_factory.mktemp("wheel")
    pip = ("-m", "pip", "--quiet", "--disable-pip-version-check", "wheel", repository, "--no-deps")
    run(*pip, "--no-build-isolation", "--wheel-dir", place, where=place)
    (file,) = place.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Folder that the wheel is installed into, without its dependencies."""
    site = tmp_path_factory.mktemp("site")
    pip = ("-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps", "--no-index")
    run(*pip, "--target", site, wheel, where=site)
    return site


def test_it_holds_one_name_with_all_that_is_read_at_run_time(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"echo_agent"}
    assert {"echo_agent/py.typed", "echo_agent/report/templates/page.html", "echo_agent/ui/page.css"} <= {
        *names
    }
    assert not [name for name in names if "__pycache__" in name]


def test_it_finds_the_cards_that_come_with_echo(installed, tmp_path):
    told = run(
        "-c",
        "from echo_agent.knowledge.loader import SHIPPED_CARDS, list_cards\n"
        "from echo_agent.knowledge.guidance import find_card\n"
        "print(SHIPPED_CARDS, len(list_cards(SHIPPED_CARDS)), find_card('solar_cell', None, None).card.product)",
        where=tmp_path,
        PYTHONPATH=str(installed),
    ).split()
    assert told == [str(installed / "echo_agent" / "cards"), "39", "solar_cell"]
    told = run(*MODULE, "knowledge", "check", where=tmp_path, PYTHONPATH=str(installed))
    assert told.strip() == "39 cards in order, 0 to mend."


def test_it_judges_as_the_checkout_does(installed, echo, good_parts, scratched_part, tmp_path):
    def judged(memory, call):
        call("register", "bottle", good_parts, "--memory", memory)
        verdict = json.loads(
            call("inspect", scratched_part, "--product", "bottle", "--json", "--memory", memory)
        )
        cited = {citation["text"] for citation in verdict["knowledge"]["citations"]}
        return verdict["label"], verdict["score"], verdict["threshold"], cited

    found = judged(
        tmp_path / "wheel",
        lambda *arguments: run(*MODULE, *arguments, where=tmp_path, PYTHONPATH=str(installed)),
    )
    assert found == judged(tmp_path / "checkout", lambda *arguments: echo(*arguments)[1])
    assert found[-1], "the card of the bottle was not read"


def test_its_demonstration_writes_its_page(installed, tmp_path):
    pytest.importorskip("elpv_dataset", reason="the solar cells are not installed: extra demo")
    told = run(*MODULE, "demo", where=tmp_path, PYTHONPATH=str(installed))
    assert "12 verdicts agree with the experts" in told
    assert "<html" in (tmp_path / "demo" / "index.html").read_text(encoding="utf-8")
