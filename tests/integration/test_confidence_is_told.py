"""No way out gives a confidence without saying whether it was fitted on labelled parts."""

import csv
import json
import re

import openpyxl
import pytest
from fastapi.testclient import TestClient
from langgraph.checkpoint.memory import InMemorySaver

from echo_agent import Context, Inspector, build_graph
from echo_agent.chat.session import Conversation
from echo_agent.graph import build_graph as graph_of
from echo_agent.runs.record import read_fields
from echo_agent.serve.app import build_app
from echo_agent.serve.service import Service
from echo_agent.state.notation import percent
from echo_agent.ui.controller import Controller
from echo_agent.ui.html import part as page_part
from tests.conftest import synthetic_part
from tests.stand_in_encoder import use_stand_in_encoder

TOLD = re.compile(r",? ?\(?(un)?calibrated")


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch):
    use_stand_in_encoder(monkeypatch)


@pytest.fixture
def inspector(tmp_path):
    opened = Inspector.open(tmp_path / "memory")
    opened.register("plate", [synthetic_part(seed) for seed in range(10)])
    return opened


@pytest.fixture
def photograph(tmp_path):
    file = tmp_path / "part.png"
    synthetic_part(60, defect=True).save(file)
    return file


def says_it(text, confidence):
    """Whether every place of a text that gives the confidence says at once what it is worth."""
    plain = re.sub(r"\x1b\[[\d;]*m|<[^>]+>", "", text)
    found = list(re.finditer(rf"{re.escape(percent(confidence))}(?: sure)?|\b{confidence:.2f}\b", plain))
    return bool(found) and all(TOLD.match(plain[one.end() : one.end() + 20]) for one in found)


def beside(value):
    """Every object with a confidence of a verdict or attempt, and whether it says what that is worth."""
    if isinstance(value, dict):
        if "confidence" in value and "label" in value:
            yield "confidence_calibrated" in value
        for inner in value.values():
            yield from beside(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from beside(inner)


def in_json(text):
    found = [one for line in text.splitlines() for one in beside(json.loads(line))]
    return bool(found) and all(found)


def test_the_command_line_and_its_files_say_it(inspector, photograph, echo, tmp_path):
    memory = ("--memory", inspector.memory.folder)
    code, one, _ = echo("inspect", photograph, "--product", "plate", *memory)
    assert code == 0
    verdict = inspector.memory.inspections.newest()[0].verdict
    sure = verdict.confidence
    assert verdict.label != "review"
    assert says_it(one, sure)
    assert in_json(echo("inspect", photograph, "--product", "plate", "--json", *memory)[1])
    assert says_it(echo("inspect", photograph, photograph, "--product", "plate", *memory)[1], sure)
    assert says_it(echo("records", *memory)[1], sure)
    assert in_json(echo("records", "--json", *memory)[1])
    record = inspector.memory.inspections.newest()[0].id
    assert says_it(echo("show", record, *memory)[1], sure)
    assert in_json(echo("show", record, "--json", *memory)[1])
    assert echo("records", "--csv", tmp_path / "records.csv", *memory)[0] == 0
    with (tmp_path / "records.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert {row["confidence_calibrated"] for row in csv.DictReader(stream)} == {"0"}
    run = tmp_path / "run"
    assert echo("inspect", photograph, "--product", "plate", "--out", run, *memory)[0] == 0
    assert all(one for line in read_fields(run) for one in beside(line)), "what webhooks and tables get"
    assert echo("report", run)[0] == 0
    assert says_it(
        (run / "report.html").read_text(encoding="utf-8").split('type="application/json"')[0], sure
    )
    for kind in ("csv", "xlsx"):
        assert echo("export", run, "--format", kind)[0] == 0
    head, row = openpyxl.load_workbook(run / "parts.xlsx")["parts"].iter_rows(values_only=True)
    assert dict(zip(head, row, strict=True))["confidence_calibrated"] == 0


def test_the_page_the_chat_the_service_and_the_graphs_say_it(inspector, photograph):
    page = Controller(inspector)
    image, verdict = page.inspect("tab", str(photograph), "plate")
    sure = verdict.confidence
    assert says_it(page_part("banner", verdict=verdict, proposal="defective"), sure)
    assert says_it(page_part("records", records=page.records(9)), sure)
    assert says_it(page_part("trace", verdict=verdict), sure)
    talk = Conversation(inspector.memory, InMemorySaver(), thread="a", product="plate")
    for asked in ("Is it ok?", "How sure are you?", "Can I use it?"):
        assert says_it(talk.say(asked, image), sure), asked
    with TestClient(build_app(Service(inspector)), base_url="http://127.0.0.1") as client:
        files = {"image": photograph.read_bytes()}
        assert in_json(client.post("/v1/inspect", files=files, data={"product": "plate"}).text)
    done = graph_of(memory=inspector.memory).invoke({"image": image, "product": "plate"})
    assert says_it(str(done["messages"][-1].text), sure)
    assert in_json(done["verdict"].model_dump_json())


def test_what_waits_for_a_person_says_it(tmp_path, photograph):
    inspector = Inspector.open(tmp_path / "one")
    inspector.register("plate", [synthetic_part(1)])
    built = build_graph(InMemorySaver(), memory=inspector.memory)
    given = {"image": inspector.memory.store_image(photograph), "product": "plate"}
    thread = {"configurable": {"thread_id": "w"}}
    (asked,) = built.invoke(given, thread, context=Context(human_review=True))["__interrupt__"]
    found = list(beside(json.loads(json.dumps(asked.value, default=str))))
    assert all(found)
    assert found or "confidence" not in json.dumps(asked.value, default=str)
