"""What holds for every node of the graph; a new node is tested by being there."""

import pytest

from echo_agent.errors import ImageError, ModelError
from echo_agent.experts.decision_maker import after_decision, decision_maker
from echo_agent.experts.human_review import proposed_label
from echo_agent.experts.intake import intake
from echo_agent.experts.responder import make_verdict, responder
from echo_agent.experts.router import router
from echo_agent.graph import build_graph
from echo_agent.state import Attempt, HumanAnswer, State
from tests.inspection import a_runtime, an_image, some_evidence

WAITING = {"configurable": {"__pregel_checkpointer": object()}}


def an_attempt(label="review", **changes):
    return Attempt(**({"number": 1, "label": label, "confidence": 0.6, "changed": "first look"} | changes))


class FakeMemory:
    def evidence(self, image, product, *, escalation_level, **_):
        return some_evidence(escalation_level=escalation_level)

    def card(self, product):
        return None


@pytest.mark.parametrize("name", list(build_graph().builder.nodes))
def test_what_a_node_returns_are_fields_of_the_state(name, monkeypatch):
    for module in ("reference_extractor", "knowledge_guide"):
        monkeypatch.setattr(f"echo_agent.experts.{module}.memory_of", lambda _: FakeMemory())
    monkeypatch.setattr("echo_agent.experts.human_review.interrupt", lambda *_, **__: {"action": "accept"})
    for reached in ("remember", "memory_of"):
        monkeypatch.setattr(f"echo_agent.experts.human_review.{reached}", lambda *_, **__: None)
    state = State(image=an_image(), reference=some_evidence(), attempts=(an_attempt(),), timings={name: 1.0})
    update = build_graph().builder.nodes[name].runnable.func(state, a_runtime())
    assert set(update) <= set(State.model_fields)
    assert State.model_validate({**dict(state), **update})
    assert name in update["timings"]


def test_intake_leaves_nothing_of_an_earlier_inspection():
    before = State(image=an_image(), reference=some_evidence(), attempts=(an_attempt(),), escalation_level=2)
    after = State.model_validate({**dict(before), **intake(before, a_runtime())})
    assert after.model_dump(exclude={"image", "timings"}) == State().model_dump(exclude={"image", "timings"})


def test_no_image_is_an_error_that_says_what_to_do():
    with pytest.raises(ImageError, match="no image was given"):
        intake(State(), a_runtime())


def test_a_decision_maker_that_is_not_there_is_named():
    with pytest.raises(ModelError, match="nonsense"):
        decision_maker(State(image=an_image(), reference=some_evidence()), a_runtime(mllm="nonsense"))


@pytest.mark.parametrize(
    ("evidence", "attempts", "settings", "config", "follows"),
    [
        (some_evidence(), (an_attempt("normal"),), {}, {}, "responder"),
        (some_evidence(), (an_attempt("defective"),), {}, {}, "responder"),
        (some_evidence(), (an_attempt(),), {}, {}, "reference_extractor"),
        (some_evidence(), (an_attempt(),), {"max_attempts": 1}, {}, "responder"),
        (some_evidence(escalation_level=2), (an_attempt(),) * 3, {"max_attempts": 5}, {}, "responder"),
        (some_evidence(product=None), (an_attempt(),), {"human_review": True}, WAITING, "human_review"),
        (some_evidence(product=None, p_value=None), (an_attempt(),), {"human_review": True}, {}, "responder"),
        (some_evidence(p_value=None), (an_attempt(),), {"human_review": True}, WAITING, "human_review"),
        (some_evidence(p_value=None), (an_attempt(),), {}, WAITING, "responder"),
    ],
)
def test_where_a_decision_leads(evidence, attempts, settings, config, follows):
    if evidence.product is None:
        evidence = evidence.model_copy(update={"p_value": None})
    state = State(image=an_image(), reference=evidence, attempts=attempts)
    assert after_decision(state, a_runtime(**settings), config) == follows


@pytest.mark.parametrize(
    ("probabilities", "proposed"),
    [
        ({"defective": 0.6, "normal": 0.4}, "defective"),
        ({"defective": 0.4, "normal": 0.6}, "normal"),
        ({}, "review"),
    ],
)
def test_a_person_is_offered_the_likelier_label(probabilities, proposed):
    attempt = an_attempt(probabilities=probabilities)
    assert proposed_label(attempt) == proposed
    state = State(image=an_image(), attempts=(attempt,), human=HumanAnswer(action="accept"))
    assert make_verdict(state).label == proposed


def test_a_correction_is_certain_and_another_photo_stays_review():
    def verdict(**human):
        return make_verdict(State(image=an_image(), attempts=(an_attempt(),), human=HumanAnswer(**human)))

    corrected = verdict(action="correct", label="defective", defect_type="scratch")
    assert (corrected.label, corrected.confidence, corrected.defect_type) == ("defective", 1.0, "scratch")
    assert verdict(action="photo").label == "review"


def test_the_responder_says_the_verdict_in_words():
    state = State(
        image=an_image(), reference=some_evidence(), attempts=(an_attempt("normal", reasons=("As others.",)),)
    )
    (message,) = responder(state, a_runtime())["messages"]
    assert message.content == "plate: normal (confidence 60%, uncalibrated). As others."


@pytest.mark.parametrize(
    ("settings", "follows"),
    [
        ({"profile": "never"}, "decision_maker"),
        ({"experts": ("reference",), "profile": "always"}, "decision_maker"),
        ({"profile": "always"}, "reasoning_expert"),
    ],
)
def test_reasoning_can_be_switched(settings, follows):
    state = State(image=an_image(), reference=some_evidence())
    assert router(state, a_runtime(**settings))["route"].next == follows
