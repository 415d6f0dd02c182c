"""The whole graph with a scripted model: each level shows more, and no failure passes a part."""

import pytest
from PIL import ImageDraw

from echo_agent.context import Context
from echo_agent.errors import AnswerError, ModelMemoryError, ModelTimeoutError
from echo_agent.inspector import Inspector
from echo_agent.mllm.confidence import Calibration, save
from echo_agent.mllm.decider import MllmDecider
from echo_agent.resources import open_memory
from tests.conftest import synthetic_part
from tests.scripted_mllm import FakeScorer, FakeWriter


@pytest.fixture(scope="module")
def memory(tmp_path_factory, good_parts):
    folder = tmp_path_factory.mktemp("memory")
    Inspector.open(folder).register("plate", good_parts)
    return folder


@pytest.fixture(scope="module")
def good_part(tmp_path_factory):
    file = tmp_path_factory.mktemp("unseen") / "part.png"
    synthetic_part(50).save(file)
    return file


@pytest.fixture(scope="module")
def spotted_part(tmp_path_factory):
    """A part with a small dark spot: it resembles its product, and the evidence rejects it."""
    picture = synthetic_part(60)
    ImageDraw.Draw(picture).ellipse((88, 36, 104, 52), fill=(40, 20, 20))
    file = tmp_path_factory.mktemp("spotted") / "part.png"
    picture.save(file)
    return file


@pytest.fixture
def inspect(memory):
    """Returns a function that inspects with a scripted model; the last scorer is kept as its attribute."""

    def run(image, *script, writer=None, **settings):
        run.scorer, run.writer = FakeScorer(*script), writer or FakeWriter("no json")
        decider = MllmDecider(run.scorer, run.writer)
        context = Context(**({"max_false_reject": 0.1} | settings))
        inspector = Inspector(open_memory(memory), decider=decider, context=context)
        return inspector.inspect(image, product="plate")

    return run


def test_a_sure_model_beside_good_evidence_decides_at_once(inspect, good_part):
    verdict = inspect(good_part, 0.02)
    assert verdict.label == "normal"
    assert len(verdict.attempts) == 1
    assert verdict.decided_by.model == "fake/scripted"
    assert verdict.attempts[0].input_tokens == 100
    assert '"dtype":"float32"' in verdict.model_dump_json()


def test_an_unsure_model_is_shown_more_at_each_rung_and_then_a_person_should_look(inspect, spotted_part):
    verdict = inspect(spotted_part, 0.3)
    assert verdict.label == "review"
    assert [attempt.number for attempt in verdict.attempts] == [1, 2, 3]
    assert len({attempt.changed for attempt in verdict.attempts}) == 3
    shown = [sum(not isinstance(part, str) for part in prompt.content) for prompt in inspect.scorer.prompts]
    assert shown[0] < shown[1] < shown[2]
    assert inspect.scorer.orders == [2, 2, 4]
    pixels = [prompt.max_pixels for prompt in inspect.scorer.prompts]
    assert pixels[2] == 2 * pixels[0]


def test_the_second_look_can_settle_it(inspect, spotted_part):
    verdict = inspect(spotted_part, 0.3, 0.95)
    assert verdict.label == "defective"
    assert [attempt.label for attempt in verdict.attempts] == ["review", "defective"]
    assert verdict.attempts[1].path == "reasoned"


def test_attempts_are_bounded(inspect, spotted_part):
    assert len(inspect(spotted_part, 0.3, max_attempts=2).attempts) == 2


@pytest.mark.parametrize("error", [AnswerError("unreadable"), ModelTimeoutError("late")])
def test_a_model_that_fails_is_review(inspect, good_part, error):
    verdict = inspect(good_part, error)
    assert verdict.label == "review"
    assert str(error) in verdict.attempts[-1].error
    assert len(verdict.attempts) == 1


def test_out_of_memory_falls_to_smaller_images_once(inspect, good_part):
    verdict = inspect(good_part, ModelMemoryError("full"), 0.02)
    assert verdict.label == "normal"
    assert "out of memory" in verdict.attempts[0].changed
    assert len(inspect.scorer.prompts) == 2


def test_out_of_memory_twice_is_review(inspect, good_part):
    verdict = inspect(good_part, ModelMemoryError("full"))
    assert verdict.label == "review"
    assert len(inspect.scorer.prompts) == 2


def test_a_rejected_part_is_not_passed_by_the_model(inspect, spotted_part):
    verdict = inspect(spotted_part, 0.0)
    assert verdict.label == "review"
    assert "Disagreement" in " ".join(map(str, verdict.reasons))


def test_a_calibration_of_this_model_and_path_is_used(inspect, memory, good_part):
    calibration = Calibration(
        model="fake/scripted",
        revision="test",
        path="fast",
        weight=1.0,
        offset=-6.0,
        normal=9,
        defective=9,
        ece_before=0.4,
        ece_after=0.1,
        fitted="2026-01-01T00:00:00+00:00",
    )
    file = save(memory / "confidence", calibration)
    try:
        verdict = inspect(good_part, 0.9, profile="never")
    finally:
        file.unlink()
    assert verdict.label == "normal"
    assert verdict.confidence_calibrated
    assert not inspect(good_part, 0.02, profile="never").confidence_calibrated


def test_a_trace_of_the_model_is_shown_to_it_and_one_that_cannot_be_read_gives_way(inspect, spotted_part):
    good = '{"steps": [{"kind": "observe", "text": "A dark line.", "evidence": ["E1"]}]}'
    verdict = inspect(spotted_part, 0.95, writer=FakeWriter(good), profile="always")
    assert verdict.trace.written_by == "fake/scripted"
    assert "A dark line." in inspect.scorer.prompts[0].content[-1]
    assert inspect(spotted_part, 0.95, profile="always").trace.written_by == "measured"
