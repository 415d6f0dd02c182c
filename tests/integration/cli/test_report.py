"""The report of a run in a real browser: it opens, turns over, filters and sorts, wide and narrow."""

import json
from itertools import combinations

import pytest

from tests.conftest import synthetic_part
from tests.integration.ui import chromium

COUNT = 3


@pytest.fixture(scope="module")
def shift(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shift")
    for seed in range(COUNT):
        synthetic_part(500 + seed, defect=seed == 1).save(folder / f"part-{seed}.png")
    (folder / "part-3.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def run(echo, plates, shift, tmp_path):
    code, _, _ = echo("inspect", shift, "--product", "plate", "--out", tmp_path / "run", "--memory", plates)
    assert code == 1
    return tmp_path / "run"


def many(run, count):
    """Makes a run of many parts out of one of few."""
    file = run / "verdicts.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    with file.open("w") as written:
        for number in range(count):
            line = lines[number % len(lines)]
            name = f"/line/part-{number:05d}.png"
            hour = f"2026-11-26T{6 + number * 8 // count:02d}:00:00.000+00:00"
            fields = line | {"number": number + 1, "image": name, "part": name, "when": hour}
            written.write(json.dumps(fields) + "\n")


def meet(one, other):
    """Whether two boxes share a place."""
    return all(
        one[side] < other[side] + other[length] and other[side] < one[side] + one[length]
        for side, length in (("x", "width"), ("y", "height"))
    )


def test_a_small_report_stands_alone(echo, run, tmp_path):
    code, out, _ = echo("report", run)
    assert (code, out.strip()) == (0, str(run / "report.html"))
    html = (run / "report.html").read_text(encoding="utf-8")
    assert html.count("<article") == 4
    assert "The photograph cannot be read" in html
    assert html.index("part-1.png") < html.index("part-3.png") < html.index("part-0.png"), "the worst first"
    assert 'src="data:image/jpeg;base64,' in html
    assert 'src="photographs' not in html
    assert "4 parts of plate" in html
    code, _, _ = echo("report", run, "--out", tmp_path / "elsewhere" / "page.html")
    assert (tmp_path / "elsewhere" / "page.html").is_file()


@pytest.mark.slow
@pytest.mark.skipif(chromium.lacking() is not None, reason=str(chromium.lacking()))
def test_a_large_one_opens_turns_over_filters_and_sorts(echo, run):
    from playwright.sync_api import sync_playwright

    many(run, 2000)
    assert echo("report", run)[0] == 0
    page_file = run / "report.html"
    assert 'src="photographs/' in page_file.read_text(encoding="utf-8")
    lines = map(json.loads, (run / "verdicts.jsonl").read_text().splitlines())
    normal = [
        name for line in lines if line["label"] == "normal" and "part-0012" in (name := line["image"][6:])
    ]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium.browser(), args=["--no-sandbox"])
        for width in (1280, 390):
            page = browser.new_page(viewport={"width": width, "height": 900})
            wrong = []
            page.on("pageerror", lambda error, wrong=wrong: wrong.append(str(error)))
            page.on("console", lambda told, wrong=wrong: wrong.append(told.text))
            page.goto(page_file.as_uri())
            told = page.locator(".told")
            assert told.inner_text() == "1 to 50 of 2000"
            page.get_by_role("button", name="on", exact=True).click()
            assert told.inner_text() == "51 to 100 of 2000"
            page.locator("select").select_option("normal")
            page.get_by_placeholder("name, product").fill("part-0012")
            rows = page.locator(".table tbody tr")
            names = [rows.nth(place).locator("a").inner_text() for place in range(rows.count())]
            assert sorted(names) == normal
            page.locator("th button").first.click()
            page.locator("th button").first.click()
            assert rows.first.locator("a").inner_text() == normal[-1]
            assert page.locator("article").count() == len(normal)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            ticks = [page.locator(".ticks span").nth(place).bounding_box() for place in range(3)]
            assert all(tick["x"] >= 0 and tick["x"] + tick["width"] <= width for tick in ticks)
            assert not any(meet(one, other) for one, other in combinations(ticks, 2)), "the legend reads"
            page.locator("article img").first.scroll_into_view_if_needed()
            loaded = "[...document.images].every(image => !image.complete || image.naturalWidth > 0)"
            assert page.evaluate(loaded)
            assert wrong == []
            page.close()
        browser.close()
