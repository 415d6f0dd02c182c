"""A wheel, built and installed outside the checkout, works on its own."""

import os
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("setuptools", minversion="77", reason="the wheel is built by setuptools")


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
def installed(repository, tmp_path_factory):
    """Folder that the wheel is installed into, without its dependencies."""
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    source.mkdir()
    for name in ("echo_agent", "graphs", "knowledge_base"):
        shutil.copytree(repository / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(repository / name, source)
    pip = ("-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "wheel", source, "--no-deps", "--no-build-isolation", "--wheel-dir", place, where=place)
    (wheel,) = place.glob("*.whl")
    run(*pip, "install", "--no-deps", "--no-index", "--target", place / "site", wheel, where=place)
    shutil.rmtree(source)
    return place / "site"


def test_it_finds_the_cards_that_come_with_echo(installed, repository, tmp_path):
    told = run(
        "-c",
        "from echo_agent.knowledge.loader import SHIPPED_CARDS, list_cards\n"
        "from echo_agent.knowledge.guidance import find_card\n"
        "print(SHIPPED_CARDS, len(list_cards(SHIPPED_CARDS)), find_card('solar_cell', None, None).card.product)",
        where=tmp_path,
        PYTHONPATH=str(installed),
    ).split()
    assert told == [str(installed / "knowledge_base"), "39", "solar_cell"]


def test_its_command_line_checks_them_and_its_page_has_its_templates(installed, tmp_path):
    told = run("-m", "echo_agent.cli.app", "knowledge", "check", where=tmp_path, PYTHONPATH=str(installed))
    assert told.strip() == "39 cards in order, 0 to mend."
    assert (installed / "echo_agent" / "report" / "templates" / "page.html").is_file()
    assert (installed / "echo_agent" / "py.typed").is_file()
