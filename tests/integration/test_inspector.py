"""Inspector and graph over a real store, with a stand-in encoder."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from PIL import ImageEnhance

from echo_agent import Context, Inspector, Verdict, build_graph
from echo_agent.errors import ImageError, ProductError, StoreError
from echo_agent.memory import seen_images
from echo_agent.memory.feedback import remember
from echo_agent.memory.memory import Memory
from echo_agent.mllm.batching import BatchingScorer
from echo_agent.mllm.decider import MllmDecider
from echo_agent.settings import process_settings
from echo_agent.state import HumanAnswer
from tests.conftest import synthetic_part
from tests.photographs import another_part, encoded, stained
from tests.scripted_mllm import FakeScorer, FakeWriter
from tests.stand_in_encoder import StandInEncoder, use_stand_in_encoder

GOOD, STAINED = synthetic_part(50), stained(synthetic_part(51))


class SizedScorer(FakeScorer):
    """Notes how many prompts each call had; one call is held as told."""

    def __init__(self, *script):
        super().__init__(*script)
        self.sizes, self.hold = [], {}

    def score(self, prompts, orders):
        self.sizes.append(len(prompts))
        self.hold.get(len(self.sizes), int)()
        return super().score(prompts, orders)


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch):
    use_stand_in_encoder(monkeypatch)


@pytest.fixture
def inspector(tmp_path):
    opened = Inspector.open(tmp_path / "memory")
    opened.register("plate", [synthetic_part(seed) for seed in range(10)])
    return opened


def test_the_same_pixels_score_the_same_however_they_are_given(inspector, tmp_path):
    file = tmp_path / "part.png"
    STAINED.save(file)
    given = [file, str(file), STAINED, np.asarray(STAINED), encoded(STAINED), encoded(STAINED, "BMP")]
    verdicts = inspector.inspect_many(given, product="plate")
    assert len({verdict.score for verdict in verdicts}) == 1
    assert {verdict.label for verdict in verdicts} == {"defective"}


def test_a_verdict_holds_what_it_stands_on(inspector):
    verdict = inspector.inspect(STAINED)
    assert verdict.product == "plate"
    assert not verdict.product_given
    assert verdict.score > verdict.threshold
    assert verdict.regions
    assert len(verdict.references) == 4
    assert len(verdict.attempts) == 1
    assert {"intake", "reference_extractor", "decision_maker"} <= set(verdict.timings)
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
    assert inspector.memory.anomaly_map(verdict.map_id).max() > 0


def test_unknown_and_mistaken_products_are_said(inspector):
    strange = inspector.inspect(np.random.default_rng(0).integers(0, 255, (144, 192, 3)).astype(np.uint8))
    assert strange.label == "review"
    assert "Unknown product" in strange.reasons[0].text
    mistaken = inspector.inspect(another_part(1), product="plate")
    assert mistaken.label == "review"
    assert "does not resemble plate" in " ".join(map(str, mistaken.reasons))


def test_few_normals_are_review_and_say_how_many_are_missing(inspector):
    inspector.register("plate", [synthetic_part(seed) for seed in range(4)], replace=True)
    verdict = inspector.inspect(STAINED, product="plate")
    assert verdict.label == "review"
    assert "5 more" in " ".join(map(str, verdict.reasons))
    assert len(verdict.attempts) == 1
    inspector.register("plate", [synthetic_part(0)], replace=True)
    assert "Uncalibrated" in inspector.inspect(GOOD, product="plate").reasons[0].text


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_each_retry_changes_something_and_attempts_are_bounded(inspector, most):
    context = Context(min_confidence=1.0, max_attempts=most)
    verdict = inspector.inspect(GOOD, product="plate", context=context)
    assert verdict.label == "review"
    assert len(verdict.attempts) == min(most, 3)
    assert [attempt.number for attempt in verdict.attempts] == list(range(1, len(verdict.attempts) + 1))
    assert len({attempt.changed for attempt in verdict.attempts}) == len(verdict.attempts)
    assert len({attempt.score for attempt in verdict.attempts}) == len(verdict.attempts)


def test_the_graph_works_on_its_own_with_plain_input_and_no_context(inspector, monkeypatch):
    monkeypatch.setenv("ECHO_MEMORY", str(inspector.memory.folder))
    process_settings.cache_clear()
    image = inspector.memory.store_image(STAINED)
    found = build_graph().invoke({"image": image.model_dump(), "product": "plate"})
    assert found["verdict"].score == inspector.inspect(STAINED, product="plate").score
    assert found["messages"][-1].content.startswith("plate: defective")


@pytest.mark.parametrize("thread", [{}, {"configurable": {"thread_id": "1"}}])
def test_without_a_checkpointer_no_person_is_waited_for(inspector, thread):
    context = Context(
        memory=str(inspector.memory.folder), human_review=True, min_confidence=1.0, max_attempts=1
    )
    state = {"image": inspector.memory.store_image(GOOD), "product": "plate"}
    found = build_graph().invoke(state, thread, context=context)
    assert found["verdict"].label == "review"
    assert found["verdict"].human is None


@pytest.mark.parametrize(
    ("answer", "label", "confidence"),
    [
        ({"action": "accept"}, "normal", None),
        ({"action": "correct", "label": "defective", "defect_type": "dent", "who": "Ada"}, "defective", 1.0),
        ({"action": "photo"}, "review", None),
    ],
)
def test_a_person_is_asked_and_the_run_goes_on(inspector, answer, label, confidence):
    graph = build_graph(InMemorySaver())
    context = Context(
        memory=str(inspector.memory.folder), human_review=True, min_confidence=1.0, max_attempts=1
    )
    thread = {"configurable": {"thread_id": "1"}}
    state = {"image": inspector.memory.store_image(GOOD), "product": "plate"}
    asked = graph.invoke(state, thread, context=context)
    (interrupt,) = asked["__interrupt__"]
    assert interrupt.value["proposed"] == "normal"
    assert asked.get("verdict") is None
    verdict = graph.invoke(Command(resume=answer), thread, context=context)["verdict"]
    assert verdict.label == label
    assert verdict.human.action == answer["action"]
    assert verdict.human.when
    assert verdict.confidence == (confidence or verdict.attempts[-1].confidence)


def test_a_thread_inspects_one_part_after_the_other(inspector):
    graph = build_graph(InMemorySaver())
    context = Context(memory=str(inspector.memory.folder))
    thread = {"configurable": {"thread_id": "1"}}
    labels = [
        graph.invoke(
            {"image": inspector.memory.store_image(part), "product": "plate"}, thread, context=context
        )
        for part in (STAINED, GOOD)
    ]
    assert labels[0]["verdict"].label == "defective"
    assert len(labels[1]["verdict"].attempts) == len(inspector.inspect(GOOD, product="plate").attempts)


def test_two_inspections_at_once(inspector):
    with ThreadPoolExecutor(4) as threads:
        verdicts = list(
            threads.map(lambda part: inspector.inspect(part, product="plate"), [GOOD, STAINED] * 6)
        )
    assert len({verdict.score for verdict in verdicts[::2]}) == 1
    assert {verdict.label for verdict in verdicts[1::2]} == {"defective"}


def without_times(verdict):
    """The verdict less the seconds that each step took."""
    attempts = tuple(attempt.model_copy(update={"seconds": 0.0}) for attempt in verdict.attempts)
    return verdict.model_copy(update={"timings": {}, "attempts": attempts})


def one_by_one_and_together(inspector, parts, **settings):
    alone = [inspector.inspect(part, **settings) for part in parts]
    inspector.memory.forget()
    together = inspector.inspect_many(parts, **settings)
    return [without_times(verdict) for verdict in alone], [without_times(verdict) for verdict in together]


@pytest.mark.parametrize("settings", [{"product": "plate"}, {}, {"question": "Is there a scratch?"}])
def test_many_inspections_come_to_the_same_verdicts_as_single_ones(inspector, settings):
    parts = [GOOD, STAINED, another_part(1), *(synthetic_part(seed) for seed in range(60, 76)), STAINED]
    alone, together = one_by_one_and_together(inspector, parts, **settings)
    assert together == alone


def others_wait(batching):
    deadline = time.monotonic() + 60
    while len(batching._waiting) < 2 and time.monotonic() < deadline:
        time.sleep(0.001)


@pytest.mark.parametrize(("device", "in_batches"), [("cuda", True), ("cpu", False)])
def test_many_inspections_with_a_model_come_to_the_same_verdicts_and_on_a_gpu_are_scored_together(
    inspector, monkeypatch, device, in_batches
):
    scorer = SizedScorer(0.3)
    batching = BatchingScorer(scorer)
    first_of_many = 9
    scorer.hold[first_of_many] = lambda: others_wait(batching) if in_batches else time.sleep(0.2)
    decider = MllmDecider(batching, FakeWriter("no json"))
    monkeypatch.setattr("echo_agent.resources.open_decider", lambda *_: decider)
    monkeypatch.setattr("echo_agent.mllm.choice.resolve_device", lambda _: device)
    settings = {"mllm": "fake/scripted", "max_attempts": 1, "calibrate_on_references": False}
    inspector.context = inspector.context.model_copy(update=settings)
    parts = [synthetic_part(seed) for seed in range(60, 68)]
    alone, together = one_by_one_and_together(inspector, parts, product="plate")
    assert together == alone
    assert {verdict.decided_by.model for verdict in together} == {"fake/scripted"}
    assert set(scorer.sizes[:8]) == {1}
    assert (max(scorer.sizes[8:]) > 1) == in_batches
    assert sum(scorer.sizes[8:]) == 8


def test_the_images_of_many_inspections_are_encoded_in_one_call(inspector, monkeypatch):
    calls = []
    encode = inspector.memory.encoder.encode
    monkeypatch.setattr(
        inspector.memory.encoder,
        "encode",
        lambda images, *, scale=1.0: calls.append((len(images), scale)) or encode(images, scale=scale),
    )
    context = inspector.context.model_copy(update={"max_attempts": 1})
    parts = [synthetic_part(seed) for seed in range(60, 66)]
    inspector.inspect_many([*parts, parts[0]], product="plate", context=context)
    assert calls == [(6, 1.0)]


def confirm_defects(inspector, parts):
    answer = HumanAnswer(action="correct", label="defective", remember=True)
    for part in parts:
        remember(inspector.memory, "plate", inspector.memory.store_image(part), "review", answer)


def test_with_defects_enough_a_part_is_normal_only_where_few_of_them_score_lower(inspector):
    once = Context(max_attempts=1)
    verdicts = {
        seed: inspector.inspect(synthetic_part(seed), product="plate", context=once) for seed in range(60, 70)
    }
    ranked = sorted(verdicts, key=lambda seed: verdicts[seed].score)
    part, defects = synthetic_part(ranked[4]), [synthetic_part(seed) for seed in ranked[:4] + ranked[5:]]
    confirm_defects(inspector, defects[:8])
    verdict = inspector.inspect(part, product="plate", context=once)
    assert (verdict.label, verdict.pass_threshold) == ("normal", None)
    confirm_defects(inspector, [ImageEnhance.Brightness(defects[0]).enhance(1.01)])
    burst = inspector.inspect(part, product="plate", context=once)
    assert burst.pass_threshold is None, "a defect that is photographed twice is one part's"
    confirm_defects(inspector, defects[8:])
    strict = inspector.inspect(part, product="plate", context=once)
    assert strict.label == "review"
    assert strict.pass_threshold == verdicts[ranked[0]].score
    assert strict.escape_guarantee.defects == 9
    assert strict.escape_guarantee.expected_escape == pytest.approx(0.1)
    loose = inspector.inspect(part, product="plate", context=Context(max_attempts=1, max_escape=0.9))
    assert loose.label == "normal"
    assert loose.pass_threshold == verdicts[ranked[-1]].score
    own = inspector.inspect(defects[0], product="plate", context=once)
    assert own.pass_threshold is None, "a photograph says nothing of itself"


def test_each_of_many_images_is_decoded_once(inspector, monkeypatch, tmp_path):
    opened = []
    read = seen_images.load_stored
    monkeypatch.setattr(
        seen_images, "load_stored", lambda image: opened.append(Path(image.uri)) or read(image)
    )
    files = [tmp_path / f"{seed}.png" for seed in range(60, 80)]
    for seed, file in enumerate(files, 60):
        synthetic_part(seed).save(file)
    inspector.inspect_many(files, product="plate")
    assert not set(opened) & set(files)


def test_an_unreadable_image_among_many_is_told_before_any_is_inspected(inspector, tmp_path):
    with pytest.raises(ImageError, match=r"none\.png"):
        inspector.inspect_many([GOOD, tmp_path / "none.png"], product="plate")
    assert not list((inspector.memory.folder / "maps").glob("*"))
    assert inspector.inspect_many([]) == []
    with pytest.raises(ProductError, match="bolt"):
        inspector.inspect_many([GOOD, STAINED], product="bolt")


def test_two_inspectors_with_different_memories_do_not_meet(tmp_path):
    def opened(name, *parts):
        memory = Memory.open(tmp_path / name, encoder=StandInEncoder(name), create=True)
        inspector = Inspector(memory, context=Context(max_attempts=1))
        inspector.register("part", parts)
        return inspector

    plates = opened("plates", *(synthetic_part(seed) for seed in range(10)))
    others = opened("others", *(another_part(seed) for seed in range(10)))
    for _ in range(2):
        assert plates.inspect(GOOD, product="part").label == "normal"
        assert others.inspect(GOOD, product="part").label == "review"
    assert {plates.memory.encoder.name, others.memory.encoder.name} == {"plates", "others"}
    assert plates.inspect(GOOD, product="part").references[0].image.uri.startswith(str(tmp_path / "plates"))


def test_errors_name_what_is_wrong(inspector, tmp_path):
    with pytest.raises(ImageError, match=r"none\.png"):
        inspector.inspect(tmp_path / "none.png")
    with pytest.raises(ProductError, match="bolt"):
        inspector.inspect(GOOD, product="bolt")
    with pytest.raises(StoreError, match="holds no memory"):
        Inspector.open(tmp_path / "none", create=False)


def test_a_photograph_of_a_named_product_is_read_with_its_depth_on_each_way_in(inspector):
    def dark(seed):
        return np.asarray(synthetic_part(seed).convert("L")).astype(np.uint16)

    inspector.register("foil", [dark(seed) * 16 for seed in range(4)], depth="12")
    with pytest.raises(ImageError, match="say which product"):
        inspector.inspect(dark(50))
    assert inspector.inspect(dark(50), product="foil").product == "foil"
    assert asyncio.run(inspector.ainspect(dark(50), product="foil")).product == "foil"
    for lot in (False, True):
        assert len(inspector.inspect_many([dark(50), dark(51)], product="foil", lot=lot)) == 2
