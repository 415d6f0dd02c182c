import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time

import httpx
import pytest

from echo_agent.memory.memory import Memory
from tests.conftest import synthetic_part
from tests.integration.chat.parts import spotted_part

CHROMIUM = "/usr/bin/chromium"


@pytest.fixture
def page(tmp_path):
    """``echo-agent ui`` in real Chromium, on an empty memory; what the page loads from elsewhere is kept."""
    if importlib.util.find_spec("gradio") is None:
        pytest.skip("the extra 'ui' is not installed")
    playwright = pytest.importorskip("playwright.sync_api")
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "page.log"
    command = [sys.executable, "-m", "echo_agent.cli.app", "ui", "--no-browser", "--port", str(port)]
    with log.open("wb") as stream, playwright.sync_playwright() as driver:
        process = subprocess.Popen(
            [*command, "--memory", str(tmp_path / "memory")], stdout=stream, stderr=stream
        )
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            tab = browser.new_page(viewport={"width": 1280, "height": 1400})
            tab.outside = []
            tab.on(
                "request",
                lambda asked: tab.outside.append(asked.url) if "127.0.0.1" not in asked.url else None,
            )
            _open(tab, f"http://127.0.0.1:{port}", process, log)
            yield tab
        finally:
            browser.close()
            process.terminate()
            process.wait(timeout=20)


def _open(tab, address, process, log):
    """Waits until the page is there."""
    deadline = time.perf_counter() + 60
    while time.perf_counter() < deadline:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            if httpx.get(address, timeout=5).status_code == 200:
                tab.goto(address)
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(log.read_text()[-2000:])


def shoot(tab, name):
    """Saves a screenshot where SCREENSHOTS_TO names a folder."""
    folder = os.environ.get("SCREENSHOTS_TO")
    if folder:
        tab.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_a_person_registers_inspects_asks_and_corrects(page, tmp_path):
    good = [tmp_path / f"good-{seed}.png" for seed in range(10)]
    for seed, file in enumerate(good):
        synthetic_part(seed).save(file)
    part = tmp_path / "part.png"
    spotted_part().save(part)

    page.get_by_label("Name", exact=True).fill("plate")
    page.locator("#references input[type=file]").set_input_files(good)
    page.get_by_text("good-9").first.wait_for()
    page.get_by_role("button", name="Register", exact=True).click()
    page.get_by_text("is registered with 10 references").wait_for(timeout=90_000)

    page.locator("#photograph input[type=file]").set_input_files(part)
    page.locator("#photograph img").wait_for()
    page.get_by_role("button", name="Inspect", exact=True).click()
    page.locator("#verdict .banner", has_text="defective").wait_for(timeout=60_000)
    page.locator("#map img").wait_for()

    page.get_by_label("Ask").first.fill("Where is it?")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_text("R1 lies at the top").wait_for(timeout=30_000)
    shoot(page, "page")

    page.get_by_label("normal", exact=True).check()
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Let the memory learn it").check()
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_text("The memory learnt it as reference").wait_for(timeout=60_000)
    assert Memory.open(tmp_path / "memory").product("plate").normals == 11
    shoot(page, "corrected")
    assert page.outside == []


def test_what_cannot_be_inspected_is_said_on_the_page(page):
    page.get_by_role("button", name="Inspect", exact=True).click()
    page.get_by_text("There is no photograph yet").wait_for(timeout=15_000)


def test_others_than_this_machine_need_a_password(capsys):
    from echo_agent.cli.app import app

    with pytest.raises(SystemExit) as ended:
        app(["ui", "--host", "0.0.0.0", "--no-browser"])
    assert ended.value.code == 1
    assert "give a password" in capsys.readouterr().err
