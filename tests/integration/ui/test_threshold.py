"""What a threshold costs, on the page in real Chromium: tried and stored with the keyboard alone."""

import pytest
from PIL import ImageDraw

from echo_agent.inspector import Inspector
from echo_agent.memory.answers import human_answer, now
from echo_agent.memory.feedback import remember
from echo_agent.memory.memory import Memory
from tests.conftest import synthetic_part
from tests.integration.ui.steps import go_to, slow_line


def torn(seed):
    part = synthetic_part(seed)
    ImageDraw.Draw(part).rectangle((60, 40, 80, 60), fill="white")
    return part


@pytest.mark.slow
def test_a_rate_is_tried_and_stored_with_the_keyboard(open_page, tmp_path, shoot):
    inspector = Inspector(Memory.open(tmp_path / "memory", create=True))
    inspector.register("plate", [synthetic_part(seed) for seed in range(19)])
    for seed in (30, 31):
        torn(seed).save(tmp_path / f"torn-{seed}.png")
        verdict = inspector.inspect(tmp_path / f"torn-{seed}.png", product="plate")
        assert verdict.label == "defective", verdict.reasons
    inspector.inspect(synthetic_part(32), product="plate")
    for seed, label in ((30, "defective"), (32, "normal")):
        image = inspector.memory.keep(
            inspector.memory.store_image(torn(seed) if label == "defective" else synthetic_part(seed))
        )
        remember(
            inspector.memory,
            "plate",
            image,
            "review",
            human_answer(action="correct", label=label, who="Ada", when=now()),
        )
    with open_page() as page:
        go_to(page, "Threshold")
        tried = page.locator("#tried")
        tried.get_by_text("At 10 % false rejects: 10 % of good parts").wait_for()
        page.locator("#scores svg").wait_for()
        told = page.locator("#scores").inner_text()
        assert all(
            group in told for group in ("19 references", "1 confirmed good", "1 confirmed defective")
        ), told

        with slow_line(page) as held:
            page.get_by_label("Product").last.click()
            page.get_by_role("option", name="plate").click()
            while not held:
                page.wait_for_timeout(20)
            page.locator("#rate input[type=range]").focus()
            page.keyboard.press("Home")
        tried.get_by_text("nothing can be promised from 19 normals; it needs 180 more references").wait_for()
        tried.get_by_text("2 from defective to review").wait_for()
        shoot(page, "threshold")
        page.set_viewport_size({"width": 390, "height": 844})
        shoot(page, "threshold-390")
        page.set_viewport_size({"width": 1280, "height": 900})
        go_to(page, "Products")
        go_to(page, "Threshold")
        page.wait_for_timeout(1500)  # the server has answered
        tried.get_by_text("2 from defective to review").wait_for()
        assert page.locator("#rate input[type=range]").input_value() == "0.5"

        with page.context.expect_page() as opened:
            tried.get_by_role("link", name="torn-31.png").press("Enter")
        opened.value.locator("#inspected-verdict .defective").wait_for()
        opened.value.close()

        page.locator("#rate input[type=range]").focus()
        for _ in range(9):
            page.keyboard.press("ArrowRight")
        tried.get_by_text("At 5 % false rejects: 5 % of good parts").wait_for()
        page.get_by_label("Your name").last.fill("Ada")
        page.get_by_role("button", name="Store for this product").press("Enter")
        tried.get_by_text("In force: 5 % (the product's setting), set by Ada on").wait_for()
        record = Memory.open(tmp_path / "memory").product("plate")
        assert record.strictness.max_false_reject == 0.05
        assert record.strictness_by.who == "Ada"


@pytest.mark.slow
def test_two_references_promise_nothing_at_any_rate_and_the_product_chosen_last_is_shown(open_page, tmp_path):
    memory = Memory.open(tmp_path / "memory", create=True)
    for product, count in (("few", 2), ("more", 3), ("most", 4)):
        memory.register(product, [synthetic_part(seed) for seed in range(count)])
    with open_page() as page:
        go_to(page, "Threshold")
        for key in ("Home", "End"):
            page.locator("#rate input[type=range]").focus()
            page.keyboard.press(key)
            page.locator("#tried").get_by_text("nothing can be promised from 2 normals").wait_for()
            page.locator("#tried").get_by_text("what stands out is review, not defective").wait_for()
        with slow_line(page):
            for product in ("more", "most"):
                page.get_by_label("Product").last.click()
                page.get_by_role("option", name=product).click()
        page.locator("#tried").get_by_text("nothing can be promised from 4 normals").wait_for()
