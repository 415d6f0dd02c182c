"""The page in real Chromium, as a person at the line uses it."""

import httpx
import pytest

from echo_agent.inspector import Inspector
from echo_agent.memory.memory import Memory
from tests.integration.chat.parts import spotted_part
from tests.integration.ui.steps import (
    ask_to_register,
    go_to,
    good_parts_in,
    in_conversation,
    inspect,
    register,
    slow_line,
)


@pytest.mark.slow
def test_a_person_registers_inspects_asks_and_corrects(open_page, tmp_path, shoot):
    part = tmp_path / "part.png"
    spotted_part().save(part)
    with open_page() as page:
        page.get_by_text("No product is registered yet").first.wait_for()
        shoot(page, "empty")
        page.get_by_role("button", name="Inspect", exact=True).click()
        page.get_by_text("There is no photograph yet").wait_for()
        register(page, "plate", good_parts_in(tmp_path, 10))
        shoot(page, "products")

        ask_to_register(page, "plate", good_parts_in(tmp_path, 11)[10:])
        page.get_by_text(
            "is registered with 10 references (version 1). What shall become of them?"
        ).wait_for()
        shoot(page, "known")
        page.get_by_role("button", name="Add to them").click()
        page.locator("#products").get_by_role("cell", name="11", exact=True).wait_for(timeout=90_000)

        inspect(page, part)
        panel = page.locator("#inspected-verdict")
        assert "defective" in panel.inner_text()
        assert "False rejects" in panel.inner_text()
        page.locator("#inspected-map img").wait_for()
        page.get_by_text("more than normal parts differ from each other").wait_for()

        with_map = page.locator("#inspected-map img").get_attribute("src")
        page.locator("#inspected-opacity input[type=number]").fill("0")
        page.locator("#inspected-opacity input[type=number]").press("Enter")
        page.locator("#inspected-opacity input[type=range]").press("Home")
        page.locator("#inspected-opacity input[type=range]").dispatch_event("pointerup")
        page.wait_for_function(
            "before => document.querySelector('#inspected-map img').src !== before", arg=with_map
        )

        for tab, told in (
            ("Regions", "the most in good parts"),
            ("Tolerances", "no knowledge card"),
            ("References", "N1 · similarity"),
            ("Trace", "first look"),
        ):
            page.get_by_role("tab", name=tab, exact=True).first.click()
            page.get_by_text(told).filter(visible=True).first.wait_for()

        page.locator("#ask textarea").fill("Where is it?")
        page.locator("#ask textarea").press("Enter")
        page.locator("#conversation").get_by_text("R1 lies at the top").wait_for(timeout=30_000)
        with slow_line(page):
            for question in ("How big is it?", "In tolerance?"):
                page.get_by_role("button", name=question).click()
            page.locator("#ask textarea").fill("And why")
        asked = "How big is it?", "In tolerance?"
        in_conversation(page, "R1 lies at the top", *asked, "in area", "I know no tolerance")
        assert page.locator("#ask textarea").input_value() == "And why"
        shoot(page, "inspected")
        page.set_viewport_size({"width": 390, "height": 844})
        shoot(page, "inspected-390")
        tops = [page.locator(place).bounding_box()["y"] for place in ("#inspected-verdict", "#talk")]
        assert tops == sorted(tops)
        page.set_viewport_size({"width": 1280, "height": 900})
        go_to(page, "Inspect")

        page.get_by_label("Your name").first.fill("Ada")
        page.get_by_label("Let the memory learn it").first.check()
        page.get_by_role("button", name="Correct to normal", exact=True).click()
        page.get_by_text("The memory learnt it as reference").wait_for(timeout=60_000)
        assert Memory.open(tmp_path / "memory").product("plate").normals == 12
        go_to(page, "Records")
        page.locator("#records").get_by_text("normal, Ada").wait_for()
        shoot(page, "records")


@pytest.mark.slow
def test_what_waits_for_a_person_outlives_the_page_and_teaches_it(open_page, tmp_path, shoot):
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    spotted_part(5).save(first)
    spotted_part(6).save(second)
    with open_page() as page:
        go_to(page, "Review")
        page.get_by_text("Nothing waits for a person").wait_for()
        register(page, "plate", good_parts_in(tmp_path, 3))
        inspect(page, first)
        page.locator("#inspected-verdict .review").wait_for()
        page.get_by_role("tab", name="Review (1)").wait_for()

    with open_page() as page:
        page.get_by_role("tab", name="Review (1)").click()
        page.locator("#queue button").first.click()
        page.locator("#waiting-verdict .review").wait_for()
        page.locator("#waiting-map img").wait_for()
        shoot(page, "review")
        page.get_by_label("Defect type").last.fill("spot")
        page.get_by_label("Your name").last.fill("Ada")
        page.get_by_label("Let the memory learn it").last.check()
        page.get_by_role("button", name="Accept: defective", exact=True).last.click()
        page.get_by_text("The memory learnt it as exemplar").wait_for(timeout=60_000)
        page.get_by_text("Nothing waits for a person").wait_for()

        inspect(page, second)
        page.get_by_text("resembles X1 (spot), a defect confirmed by Ada").first.wait_for()
        page.get_by_role("tab", name="References", exact=True).first.click()
        page.get_by_text("Confirmed defects").wait_for()
        shoot(page, "exemplar")


@pytest.mark.slow
def test_of_two_waiting_parts_that_are_chosen_quickly_the_last_is_shown_and_answered(open_page, tmp_path):
    inspector = Inspector(Memory.open(tmp_path / "memory", create=True))
    inspector.register("plate", good_parts_in(tmp_path, 3))
    parts, regions = [tmp_path / "first.png", tmp_path / "last.png"], []
    for seed, part in zip((5, 7), parts, strict=True):
        spotted_part(seed).save(part)
        verdict = inspector.inspect(part)
        assert verdict.label == "review"
        regions.append(verdict.reasons[-1].text)
    assert len(set(regions)) == 2
    with open_page() as page:
        page.get_by_role("tab", name="Review (2)").click()
        page.locator("#queue button").nth(1).wait_for()
        with slow_line(page):
            for place in (0, 1):
                page.locator("#queue button").nth(place).click()
        page.get_by_text(regions[-1]).filter(visible=True).first.wait_for()
        page.get_by_role("button", name="Accept: defective", exact=True).last.click()
        page.get_by_role("tab", name="Review (1)").wait_for()
    left = Memory.open(tmp_path / "memory").inspections.waiting()
    assert [one.called for one in left] == [str(parts[0])]


@pytest.mark.slow
def test_with_a_password_nothing_is_shown_without_it(open_page):
    with open_page("--password", "sesame") as page:
        address = page.url.rstrip("/")
        assert httpx.get(f"{address}/config", timeout=60).status_code == 401
        with httpx.Client(base_url=address, timeout=60) as person:
            assert person.post("/login", data={"username": "echo", "password": "guess"}).status_code == 400
            assert person.get("/config").status_code == 401
            assert person.post("/login", data={"username": "echo", "password": "sesame"}).status_code == 200
            assert person.get("/config").status_code == 200


def test_others_than_this_machine_need_a_password(capsys):
    from echo_agent.cli.app import app

    with pytest.raises(SystemExit) as ended:
        app(["ui", "--host", "0.0.0.0", "--no-browser"])
    assert ended.value.code == 1
    assert "give a password" in capsys.readouterr().err
