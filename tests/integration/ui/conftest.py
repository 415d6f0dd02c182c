"""The page, served and opened in real Chromium."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest

from benchmarks.ports import free_port
from tests.integration.ui.chromium import browser, lacking


@pytest.fixture(scope="package")
def chromium():
    missing = lacking()
    if missing is not None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def open_page(chromium, tmp_path):
    """Opens ``echo-agent ui`` on a memory in ``tmp_path``; the server ends with the block, so it can be restarted."""

    @contextmanager
    def opened(*options):
        port = free_port()
        log = tmp_path / "page.log"
        command = [sys.executable, "-m", "echo_agent.cli.app", "ui", "--no-browser", "--port", str(port)]
        with log.open("ab") as stream:
            process = subprocess.Popen(
                [*command, "--memory", str(tmp_path / "memory"), *options], stdout=stream, stderr=stream
            )
        tab = chromium.new_page(viewport={"width": 1280, "height": 900})
        outside = []
        tab.on("request", lambda asked: outside.append(asked.url) if _elsewhere(asked.url, port) else None)
        try:
            _wait(tab, f"http://127.0.0.1:{port}", process, log)
            yield tab
            assert outside == []
        finally:
            tab.close()
            process.terminate()
            process.wait(timeout=120)

    return opened


def _elsewhere(url, port):
    return not url.startswith((f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}", "data:", "blob:"))


def _wait(tab, address, process, log):
    deadline = time.perf_counter() + 240
    while time.perf_counter() < deadline:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            if httpx.get(address, timeout=5).status_code == 200:
                tab.goto(address)
                tab.locator("#title, form, input[type=password]").first.wait_for()
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(log.read_text()[-2000:])


@pytest.fixture
def shoot(tmp_path):
    """Saves a screenshot where SCREENSHOTS_TO names a folder, else beside the test's files; nothing may stick out."""

    def save(tab, name):
        folder = os.environ.get("SCREENSHOTS_TO") or str(tmp_path)
        tab.screenshot(path=f"{folder}/{name}.png", full_page=True)
        tab.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")

    return save
