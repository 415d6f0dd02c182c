"""A scripted model looks closer while it reasons: what it gets, what it cannot get, and when it must stop."""

import json

import pytest
from PIL import ImageDraw

from echo_agent.context import Context
from echo_agent.inspector import Inspector
from echo_agent.mllm.decider import MllmDecider
from echo_agent.report.entry import Entry
from echo_agent.report.page import write_page
from echo_agent.resources import open_memory
from tests.conftest import synthetic_part
from tests.scripted_mllm import FakeScorer, FakeWriter

CARD = """\
schema_version: 1
product: plate
normal: Two round holes.
defects:
  - name: spot
    look: A dark round spot.
    cause: Oil of the press.
"""


def asks(tool, **arguments):
    return json.dumps({"tool": tool, "arguments": arguments})


def steps(*evidence):
    return json.dumps({"steps": [{"kind": "observe", "text": "A dark spot.", "evidence": list(evidence)}]})


@pytest.fixture(scope="module")
def memory(tmp_path_factory, good_parts):
    folder = tmp_path_factory.mktemp("memory")
    domain_knowledge = tmp_path_factory.mktemp("domain knowledge")
    (domain_knowledge / "card.yaml").write_text(CARD, encoding="utf-8")
    (domain_knowledge / "press.md").write_text("The press drips oil in winter.", encoding="utf-8")
    Inspector.open(folder).register("plate", good_parts, knowledge=domain_knowledge)
    return folder


@pytest.fixture(scope="module")
def spotted_part(tmp_path_factory):
    picture = synthetic_part(60)
    ImageDraw.Draw(picture).ellipse((88, 36, 104, 52), fill=(40, 20, 20))
    file = tmp_path_factory.mktemp("spotted") / "part.png"
    picture.save(file)
    return file


@pytest.fixture
def inspect(memory, spotted_part):
    """Inspects a spotted part with a model that writes these texts while it reasons."""

    def run(*texts, **settings):
        run.scorer, run.writer = FakeScorer(0.95), FakeWriter(*texts)
        decider = MllmDecider(run.scorer, run.writer)
        context = Context(**({"profile": "always", "max_attempts": 1, "shots": 2} | settings))
        inspector = Inspector(open_memory(memory), decider=decider, context=context)
        return inspector.inspect(spotted_part, product="plate")

    return run


def answered(inspect, number=1):
    """The message that brought the result of a call: its words and its images."""
    blocks = inspect.writer.read[number][-1].content
    words = " ".join(block["text"] for block in blocks if block["type"] == "text")
    return words, [block["path"] for block in blocks if block["type"] == "image"]


@pytest.mark.parametrize(
    ("call", "words", "images"),
    [
        (asks("zoom", region="R1"), "enlarged", 2),
        (asks("zoom", box=[80, 30, 110, 60]), "x 80 to 110, y 30 to 60 enlarged", 2),
        (asks("references", count=3), "N4 has a similarity", 3),
        (asks("measure", region="R1"), "px long", 0),
        (asks("measure", box=[0, 0, 20, 20]), "0 % of it lies above the threshold", 0),
        (asks("look_up", query="What causes a spot?"), "Oil of the press", 0),
        (asks("look_up", query="winter"), "press.md, line 1", 0),
    ],
)
def test_a_tool_brings_what_was_asked_for(inspect, call, words, images):
    verdict = inspect(call, steps("A1", "R1"))
    told, shown = answered(inspect)
    assert words in told
    assert len(shown) == images
    assert verdict.trace.written_by == "fake/scripted"
    assert [(made.id, made.tool) for made in verdict.trace.calls] == [("A1", json.loads(call)["tool"])]
    assert "Reasoning so far" in inspect.scorer.prompts[0].content[-1]
    assert f"A1 {json.loads(call)['tool']}" in inspect.scorer.prompts[0].content[-1]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (asks("zoom", region="R77"), "no such region; there are R1"),
        (asks("zoom", region="R1", box=[0, 0, 5, 5]), "either a region or a box"),
        (asks("zoom", box=[0, 0, 5000, 5]), "outside the image, which is 192 x 144"),
        (asks("zoom", box=[9, 9, 9, 9]), "empty or outside"),
        (asks("zoom", box="everywhere"), "cannot be called so: box"),
        (asks("references", count=99), "cannot be called so: count"),
        (asks("look_up"), "cannot be called so: query"),
        (asks("look_up", query="zebra"), "says nothing of it"),
        (asks("measure", region="R1", file="/etc/passwd"), "cannot be called so: file"),
        (asks("format_disk"), "no such tool; there are zoom, references, measure, look_up"),
        ('{"tool": 5}', "no such tool"),
        ('{"tool": "zoom", "arguments": "R1"}', "no such tool"),
    ],
)
def test_a_call_that_cannot_be_carried_out_is_told_and_counts(inspect, call, words):
    verdict = inspect(call, steps("R1"), tool_calls=1)
    told, shown = answered(inspect)
    assert words in told
    assert "0 call(s) left" in told
    assert not shown
    assert len(verdict.trace.calls) == 1


def test_the_budget_ends_the_calls_and_the_steps_are_asked_for(inspect):
    call = asks("measure", region="R1")
    verdict = inspect(call, call, call, steps("A1", "A2"), tool_calls=2)
    assert len(verdict.trace.calls) == 2
    assert "No calls are left" in inspect.writer.read[3][-1].content
    assert verdict.trace.steps[0].evidence == ("A1", "A2")


def test_a_model_that_never_stops_calling_gives_way_to_the_measured_trace(inspect):
    verdict = inspect(asks("measure", region="R1"), tool_calls=3)
    assert verdict.trace.written_by == "measured"
    assert len(inspect.writer.read) == 6


def test_without_a_budget_no_tools_are_offered(inspect):
    verdict = inspect(steps("R1"), tool_calls=0)
    assert "zoom" not in str(inspect.writer.read[0])
    assert verdict.trace.calls == ()


def test_a_step_cannot_stand_on_a_call_that_was_not_made(inspect):
    assert inspect(steps("A1")).trace.written_by == "measured"


def test_a_switched_off_expert_s_tools_are_not_there(inspect):
    verdict = inspect(asks("look_up", query="spot"), steps("R1"), experts=("reference", "reasoning"))
    assert "look_up" not in inspect.writer.read[0][-1].content[-1]["text"]
    assert "no such tool; there are zoom, references, measure" in verdict.trace.calls[0].result


def test_the_page_shows_the_steps_their_evidence_and_the_calls(inspect, memory, spotted_part, tmp_path):
    verdict = inspect(asks("measure", region="R1"), steps("A1", "R1"))
    write_page(
        tmp_path / "p.html", [Entry.of(spotted_part, verdict, Inspector.open(memory).memory)], title="x"
    )
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "A dark spot. (A1, R1)" in page
    assert "measure {&#34;region&#34;: &#34;R1&#34;}" in page
    assert "fake/scripted" in page
