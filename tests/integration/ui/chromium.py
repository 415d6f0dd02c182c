"""Where Chromium is on this machine, and what the page's test lacks."""

import importlib.util
import os
import shutil


def browser():
    """Path of Debian's Chromium, or of playwright's; None where there is neither."""
    system = shutil.which("chromium")
    if system is not None:
        return system
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        own = driver.chromium.executable_path
    return own if os.path.exists(own) else None


def lacking():
    """What the page's test needs and this machine lacks, in words; None where all is there."""
    for package in ("gradio", "playwright"):
        if importlib.util.find_spec(package) is None:
            return f"{package} is not installed: pip install 'echo-agent[dev]'"
    if browser() is None:
        return "no Chromium is installed: apt-get install chromium, or playwright install chromium"
    return None
