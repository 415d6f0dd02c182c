"""What a person does on the page."""

from contextlib import contextmanager

from tests.conftest import synthetic_part


def go_to(tab, room):
    tab.get_by_role("tab", name=room).first.click()


def register(tab, product, files):
    ask_to_register(tab, product, files)
    tab.locator("#products").get_by_text(product).wait_for(timeout=90_000)


def ask_to_register(tab, product, files):
    go_to(tab, "Products")
    tab.get_by_label("Name", exact=True).fill(product)
    tab.locator("#references input[type=file]").set_input_files(files)
    tab.locator("#references").get_by_text(files[-1].stem).first.wait_for()
    tab.get_by_role("button", name="Register", exact=True).click()


def inspect(tab, part):
    go_to(tab, "Inspect")
    tab.locator("#photograph input[type=file]").set_input_files(part)
    tab.locator("#photograph img").wait_for()
    tab.get_by_role("button", name="Inspect", exact=True).click()
    tab.locator("#inspected-verdict .verdict").wait_for(timeout=60_000)


def in_conversation(tab, *told):
    """Waits until the conversation says each of these once."""
    tab.wait_for_function(
        """told => {
            const said = document.querySelector("#conversation").innerText;
            return told.every(one => said.split(one).length === 2);
        }""",
        arg=list(told),
    )


def good_parts_in(folder, count):
    files = [folder / f"good-{seed}.png" for seed in range(count)]
    for seed, file in enumerate(files):
        synthetic_part(seed).save(file)
    return files


@contextmanager
def slow_line(tab, asking="**/queue/join**"):
    """What the page asks of its server waits until the block's end, as on a slow line; else its answers alone do."""
    held, holding = [], True

    def hold(asked):
        if holding:
            held.append(asked)
        else:
            asked.continue_()

    tab.route(asking, hold)
    yield held
    tab.wait_for_timeout(500)  # what was done last is asked as well
    holding = False
    for asked in held:
        asked.continue_()
        asked.request.response()  # in the order in which it was done
    tab.unroute(asking)
