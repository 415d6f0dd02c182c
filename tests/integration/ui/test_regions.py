"""Regions that never count, drawn on the page in real Chromium: by clicks, and with the keyboard alone."""

import pytest

from echo_agent.memory.memory import Memory
from tests.conftest import synthetic_part
from tests.integration.ui.steps import go_to


def click_corner(page, number, position):
    """Clicks once more where nothing comes of it: Gradio drops a click while it draws the picture anew."""
    from playwright.sync_api import TimeoutError

    for last in (False, True):
        page.locator("#regions-picture img").click(position=position)
        try:
            page.wait_for_function(
                "n => document.querySelector('#corners textarea').value.split(' ').length === 2 * n",
                arg=number,
                timeout=15_000,
            )
        except TimeoutError:
            if last:
                raise
        else:
            return


@pytest.mark.slow
def test_a_region_is_drawn_by_clicks_removed_with_the_keyboard_and_stored(open_page, tmp_path, shoot):
    memory = Memory.open(tmp_path / "memory", create=True)
    memory.register("plate", [synthetic_part(seed) for seed in range(3)])
    with open_page() as page:
        go_to(page, "Ignored regions")
        picture = page.locator("#regions-picture img")
        picture.wait_for()
        page.locator("#regions-told").get_by_text("All of the photograph counts").wait_for()
        corners = page.locator("#corners textarea")
        box = picture.bounding_box()
        for number, (x, y) in enumerate(((0.4, 0.2), (0.65, 0.2), (0.65, 0.45), (0.4, 0.45)), start=1):
            click_corner(page, number, {"x": x * box["width"], "y": y * box["height"]})
        shoot(page, "regions-drawing")
        page.get_by_role("button", name="Add region").press("Enter")
        page.locator("#regions-told").get_by_text("6 % of the photograph never counts").wait_for()
        assert corners.input_value() == ""

        corners.fill("10 10, 20 10")
        corners.press("Enter")
        page.get_by_text("A region needs three corners").wait_for()
        corners.fill("10 10, 20 10, 20 30, 10 30")
        corners.press("Enter")
        page.locator("#regions-told").get_by_text("8 % of the photograph never counts").wait_for()
        shoot(page, "regions")
        page.set_viewport_size({"width": 390, "height": 844})
        shoot(page, "regions-390")
        page.set_viewport_size({"width": 1280, "height": 900})

        corners.fill("50 50, 60")
        go_to(page, "Products")
        go_to(page, "Ignored regions")
        page.wait_for_timeout(1500)  # the server has answered
        page.get_by_label("Product").filter(visible=True).click()
        page.get_by_role("option", name="plate").click()
        page.wait_for_timeout(1500)  # the server has answered
        page.locator("#regions-told").get_by_text("8 % of the photograph never counts").wait_for()
        assert corners.input_value() == "50 50, 60"

        page.get_by_role("button", name="Remove").press("Enter")
        page.locator("#regions-told").get_by_text("6 % of the photograph never counts").wait_for()

        page.get_by_label("Your name").filter(visible=True).fill("Ada")
        page.locator("#store-regions").press("Enter")
        page.get_by_text("Stored for plate as version 2").wait_for(timeout=90_000)
    record = Memory.open(tmp_path / "memory").product("plate")
    assert record.origin == "regions drawn by Ada"
    assert record.ignored.drawn_on == record.references[0].sha256
    (shape,) = record.ignored.regions
    assert shape[0] == pytest.approx((0.4, 0.2), abs=0.02)
