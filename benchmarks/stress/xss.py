"""Script stored in every field, then opened in a real browser: it is text there, on every page, and nothing else."""

import json
import re
import shutil
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, BaseMessage

from benchmarks.ports import free_port
from benchmarks.stress.always_normal import AlwaysNormal
from benchmarks.stress.attack import Attack
from benchmarks.stress.parts import drawn_part, open_memory
from benchmarks.stress.writers import PROCESSES, in_process
from echo_agent.context import Context
from echo_agent.inspector import Inspector
from echo_agent.mllm.decider import MllmDecider
from echo_agent.report.page import write_page
from echo_agent.runs.folder import RunFolder
from echo_agent.runs.line import Line
from echo_agent.runs.record import RunSettings
from echo_agent.runs.report import report_of_run
from echo_agent.state import Verdict
from echo_agent.ui.controller import Controller
from echo_agent.ui.serving import serve

PAYLOADS = (
    "<img src=x data-xss=§ onerror=\"window.xss='§'\">",
    "\"><script data-xss=§>window.xss='§'</script>",
    "</script><svg data-xss=§ onload=\"window.xss='§'\">",
    '" autofocus onfocus="window.xss=\'§\'" data-xss="§',
    "[§](javascript:window.xss='§') ![§](//evil.invalid/§)",
    "&lt;img src=x data-xss=§ onerror=\"window.xss='§'\"&gt;",
    "<a data-xss=§ href=\"javascript:window.xss='§'\">x</a>",
    "<iframe data-xss=§ src=\"javascript:parent.xss='§'\">",
    "<style data-xss=§>@import '//evil.invalid/§'</style>",
    "{{ 7*7 }}<b data-xss=§>{% raw %}</b>${7*7}",
    "</title></textarea><details data-xss=§ open ontoggle=window.xss=1>",
    "$$\\href{javascript:window.xss='§'}{§}$$ <http://evil.invalid/§>",
    "<base data-xss=§ href=//evil.invalid/§><form data-xss=§ action=x>",
    "<!--><img data-xss=§ src=x onerror=window.xss='§'>-->",
    "<math><mtext><mglyph><style><img data-xss=§ src=x onerror=window.xss=1>",
)
"""Texts that are markup, script or Markdown where they are not escaped; ``§`` stands for the field's mark."""

FIELDS = ("product", "file", "part", "normal", "defect", "look", "cause", "statement", "zone", "type", "who", "comment",
          "question", "answer", "step")  # fmt: skip

MAX_START = 300.0
"""Seconds for the page to come up."""

FAULTS = """mark => [
    ...[...document.querySelectorAll('[data-xss]')].map(one => 'an element of ' + one.dataset.xss),
    ...[...document.querySelectorAll('[href^="javascript:" i], [src^="javascript:" i]')].map(one => one.outerHTML),
    ...(window.xss ? ['script of ' + window.xss] : []),
]"""


def planted(number: int, field: str) -> str:
    """A payload with the mark of its field."""
    return PAYLOADS[number].replace("§", f"m{number}{field}")


def _part(folder: Path, seed: int, number: int) -> Path:
    place = folder / f"part-{seed}"
    place.mkdir()
    file = place / f"{planted(number, 'file').replace('/', ' ')[:100]}.png"
    drawn_part(seed, defect=True).save(file)
    return file


def _card(folder: Path, number: int) -> Path:
    values = {
        "schema_version": 1,
        "product": planted(number, "product"),
        "normal": planted(number, "normal"),
        "zones": [{"name": planted(number, "zone"), "box": [0, 0, 1, 1]}],
        "defects": [
            {
                "name": planted(number, "defect"),
                "look": f"A red area. {planted(number, 'look')}",
                "cause": planted(number, "cause"),
            }
        ],
        "tolerances": [{"defect": "any", "max_length": "1 px", "zone": planted(number, "zone")}],
        "checklist": [{"statement": planted(number, "statement")}],
    }
    file = folder / f"card-{number}.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    return file


def _controller(folder: Path) -> Controller:
    """The page's work, beside a model that says normal, and writes script wherever it is asked to write."""

    def said(field: str) -> str:
        return " ".join(planted(number, field) for number in range(len(PAYLOADS)))

    steps: list[dict[str, Any]] = [
        {"kind": kind, "text": said("step"), "evidence": []} for kind in ("observe", "compare", "conclude")
    ]

    def write(_: list[BaseMessage]) -> AIMessage:
        return AIMessage(json.dumps({"steps": steps}))

    chat = FakeListChatModel(responses=[said("answer")])
    memory = open_memory(folder / "memory", create=True)
    return Controller(Inspector(memory, decider=MllmDecider(AlwaysNormal(), write, chat=chat)))


def prepare(folder: Path, numbers: list[int]) -> None:
    """Fills a memory, a run and their reports with the payloads."""
    controller = _controller(folder)
    inspector = controller.inspector
    settings = RunSettings(memory="m", encoder="e", product=planted(numbers[0], "product"), context=Context())
    run = RunFolder(folder / "run", settings)
    good = folder / "good"
    good.mkdir()
    for seed in range(3):
        drawn_part(seed).save(good / f"{seed}.png")
    for number in numbers:
        product = planted(number, "product")
        inspector.register(product, good, knowledge=_card(folder, number))
        for seed, learn in ((100 + number, True), (200 + number, False)):
            image, verdict = controller.inspect(f"tab{seed}", str(_part(folder, 2 * seed, number)), product)
            if learn:
                controller.correct(
                    image, verdict, "defective", planted(number, "type"), planted(number, "who"), learn=True
                )
            run.add(_line(number, image.uri, verdict))
        inspector.memory.inspections.add(image, verdict, planted(number, "part"))
        _part(folder, 1000 + number, number)
    run.close()
    report_of_run(folder / "run", folder / "report.html")
    whole = " ".join(planted(number, "comment") for number in numbers)
    write_page(folder / "empty.html", (), title=whole, about=whole, licence=whole, notices=(whole,))


def _line(number: int, image: str, verdict: Verdict) -> Line:
    told = verdict.model_copy(update={"defect_type": planted(number, "type")})
    return Line(
        number=1, image=image, part=planted(number, "part"), when="2026-01-01T00:00:00+00:00",
        error=planted(number, "file"), verdict=told,
    )  # fmt: skip


def show(folder: Path, port: int) -> None:
    """Serves the page until its process ends."""
    serve(_controller(folder), host="127.0.0.1", port=port, password=None, open_browser=False)


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    port = free_port()
    process = PROCESSES.Process(target=show, args=(folder, port))
    process.start()
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + MAX_START
        while True:
            with suppress(OSError):
                urllib.request.urlopen(address, timeout=60).close()
                break
            if not process.is_alive() or time.monotonic() > end:
                raise RuntimeError("the page ended, or does not come up")
            time.sleep(0.2)
        yield address
    finally:
        process.kill()
        process.join()


def _evil(address: str) -> bool:
    """Whether a page asks the attacker's host; the page's own files may have its name in theirs."""
    return urlsplit(address).hostname == "evil.invalid"


class _Seen:
    """What a browser was shown, and what of it came to life."""

    def __init__(self, tab: Any) -> None:
        self.tab = tab
        self.marks: dict[tuple[str, str], str | None] = {}
        self._alive: list[str] = []
        tab.on("dialog", self._dialog)
        tab.on("request", lambda asked: self._alive.append(asked.url) if _evil(asked.url) else None)

    def _dialog(self, dialog: Any) -> None:
        self._alive.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def look(self, where: str) -> None:
        """Notes which marks stand on the page as it is now, and the faults of it."""
        self.tab.wait_for_timeout(150)
        faults = [*self._alive, *self.tab.evaluate(FAULTS)]
        for mark in re.findall(r"m\d+(?:" + "|".join(FIELDS) + ")", self.tab.content()):
            told = next((fault for fault in faults if mark in fault), None)
            self.marks[where, mark] = self.marks.get((where, mark)) or told
        for number, fault in enumerate(faults):
            if not re.search(r"m\d+[a-z]", fault):
                self.marks[where, f"unmarked {number}"] = fault


def _use(seen: _Seen, address: str, folder: Path, numbers: list[int]) -> None:
    """Opens every room of the page, and uses it with each payload."""
    tab = seen.tab
    tab.goto(address)
    tab.locator("#title").wait_for()
    for room, place in (
        ("Products", "#products table"),
        ("Threshold", "#scores svg"),
        ("Ignored regions", "#regions-picture img"),
        ("Records", "#records table"),
    ):
        tab.get_by_role("tab", name=room).first.click()
        tab.locator(place).wait_for()
        seen.look(room)
    tab.get_by_role("tab", name="Review").first.click()
    tab.locator("#queue button").first.wait_for()
    for number in range(min(len(numbers), tab.locator("#queue button").count())):
        tab.locator("#queue button").nth(number).click()
        tab.locator("#waiting-verdict .verdict").wait_for()
        _tabs(seen, "Review")
    for number in numbers:
        _inspect(seen, folder, number)
    tab.get_by_role("tab", name="Products").first.click()
    tab.get_by_label("Name", exact=True).fill(planted(numbers[0], "product"))
    tab.locator("#references input[type=file]").set_input_files([str(folder / "good" / "0.png")])
    tab.locator("#references").get_by_text("0").first.wait_for()
    tab.get_by_role("button", name="Register", exact=True).click()
    tab.locator("#known").wait_for()
    seen.look("Products, asked")


def _inspect(seen: _Seen, folder: Path, number: int) -> None:
    tab = seen.tab
    tab.goto(tab.url)
    tab.locator("#title").wait_for()
    tab.get_by_label("Product").first.click()
    tab.get_by_role("option", name=planted(number, "product"), exact=True).click()
    seen.look("Inspect, products")
    (file,) = (folder / f"part-{1000 + number}").iterdir()
    tab.locator("#photograph input[type=file]").set_input_files(str(file))
    tab.locator("#photograph img").wait_for()
    tab.get_by_role("button", name="Inspect", exact=True).click()
    tab.locator("#inspected-verdict .verdict").wait_for()
    _tabs(seen, "Inspect")
    for question in (f"Where is it? {planted(number, 'question')}", "What caused it?", "Describe it"):
        before = tab.locator("#conversation .message").count()
        tab.locator("#ask textarea").fill(question)
        tab.locator("#ask textarea").press("Enter")
        tab.wait_for_function(
            "before => document.querySelectorAll('#conversation .message').length >= before + 2", arg=before
        )
        tab.locator("#conversation").get_by_text(question, exact=True).first.wait_for()
        seen.look("Inspect, conversation")
    tab.get_by_label("Defect type").first.fill(planted(number, "type"))
    tab.get_by_label("Your name").first.fill(planted(number, "who"))
    tab.get_by_role("button", name=re.compile("defective")).first.click()
    tab.get_by_text("Recorded").first.wait_for()
    seen.look("Inspect, recorded")
    tab.get_by_label("Your name").first.fill(planted(number, "who") * 10)
    tab.get_by_role("button", name=re.compile("defective")).first.click()
    tab.get_by_text("cannot be kept").first.wait_for()
    seen.look("Inspect, refused")


def _tabs(seen: _Seen, room: str) -> None:
    for name in ("Reasons", "Regions", "Tolerances", "References", "Trace"):
        seen.tab.get_by_role("tab", name=name, exact=True).filter(visible=True).first.click()
        seen.look(f"{room}, {name.lower()}")


def _read(seen: _Seen, file: Path, where: str) -> None:
    """Opens a report, and each part of it."""
    seen.tab.goto(file.as_uri())
    seen.look(where)
    for row in range(seen.tab.locator("tbody tr").count()):
        seen.tab.locator("tbody tr").nth(row).click()
        seen.look(where)


def run(folder: Path, attempts: int) -> Iterator[str | None]:
    """Each mark that a page shows is an attempt; a field that no page shows is a failure of the attack itself."""
    from playwright.sync_api import sync_playwright

    numbers = list(range(len(PAYLOADS) if attempts > SHORT else 1))
    in_process(prepare, folder, numbers)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        seen = _Seen(chromium.new_page(viewport={"width": 1280, "height": 900}))
        seen.tab.set_default_timeout(120_000)
        with _served(folder) as address:
            _use(seen, address, folder, numbers)
        _read(seen, folder / "report.html", "report")
        _read(seen, folder / "empty.html", "report without parts")
        chromium.close()
    for (where, mark), fault in sorted(seen.marks.items()):
        yield None if fault is None else f"{where}: {mark} lives: {fault}"
    unseen = {field for field in FIELDS if not any(mark.endswith(field) for _, mark in seen.marks)}
    if unseen:
        yield f"no page shows {', '.join(sorted(unseen))}"


SHORT = 30

ATTACKS = (
    Attack(
        "xss", "script in every field, on every page and report, in Chromium", run, short=SHORT, long=10_000
    ),
)
