"""The site builds with every link in order, holds each public name, and its first page fits desk and hand."""

import os
import re
import subprocess
import sys

import pytest

import echo_agent
from tests.integration.ui.chromium import browser, lacking

WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def site(repository, tmp_path_factory):
    place = tmp_path_factory.mktemp("site")
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", place],
        cwd=repository,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return place


def test_the_reference_holds_each_public_name(site):
    page = (site / "reference.html").read_text(encoding="utf-8")
    for name in echo_agent.__all__:
        assert re.search(rf'id="echo_agent\.[\w.]*\b{name}"', page), name


def test_each_page_of_docs_and_each_notebook_is_there_and_loads_nothing_from_elsewhere(site, repository):
    pages = [file for file in (repository / "docs").glob("*.md")]
    assert len(pages) > 10
    for file in pages:
        assert (site / f"{file.stem}.html").is_file()
    for file in (repository / "notebooks").glob("*.ipynb"):
        assert (site / "notebooks" / f"{file.stem}.html").is_file()
    for file in site.rglob("*.html"):
        outside = re.findall(
            r'<(?:script|img|link)[^>]+(?:src|href)="(https?://[^"]+)"', file.read_text("utf-8")
        )
        assert not outside, file


@pytest.mark.skipif(lacking() is not None, reason=str(lacking()))
def test_the_first_page_fits_desk_and_hand(site):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser())
        for width in WIDTHS:
            page = chromium.new_page(viewport={"width": width, "height": 900})
            page.goto((site / "index.html").as_uri())
            assert page.get_by_role("heading", name="Echo", exact=False).first.is_visible()
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
        chromium.close()
