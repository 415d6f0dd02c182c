"""What holds for every node of the graph; a new node is tested by being there."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from langgraph.runtime import Runtime

from echo_agent.context import Context
from echo_agent.decision.final import make_verdict, proposed_label
from echo_agent.errors import ImageError, ModelError
from echo_agent.experts.decision_maker import decision_maker
from echo_agent.experts.intake import intake
from echo_agent.experts.responder import responder
from echo_agent.experts.router import router
from echo_agent.graph import NODES, after_decision, after_router, build_graph
from echo_agent.state import Attempt, HumanAnswer, InspectionInput, State
from echo_agent.strictness import StrictnessSettings
from tests.inspection import an_image, resources, some_evidence

WAITING = {"configurable": {"__pregel_checkpointer": object()}}


def an_attempt(label="review", **changes):
    return Attempt(**({"number": 1, "label": label, "confidence": 0.6, "changed": "first look"} | changes))


class FakeMemory:
    folder = Path("/memory")
    is_writable = False

    def product(self, name):
        return SimpleNamespace(strictness=StrictnessSettings(), version=1)

    def recognised(self, image):
        return "plate"

    def evidence(self, image, product, *, escalation_level, **_):
        return some_evidence(escalation_level=escalation_level)

    def card(self, product):
        return None


@pytest.mark.parametrize("name", [node.__name__ for node in NODES])
def test_what_a_node_returns_are_fields_of_the_state(name, monkeypatch):
    monkeypatch.setattr("echo_agent.experts.human_review.interrupt", lambda *_, **__: {"action": "accept"})
    monkeypatch.setattr("echo_agent.experts.human_review.remember", lambda *_, **__: None)
    state = State(image=an_image(), reference=some_evidence(), attempts=(an_attempt(),), timings={name: 1.0})
    node = build_graph(memory=FakeMemory()).builder.nodes[name].runnable.func
    update = node(state, Runtime(context=Context()))
    assert set(update) <= set(State.model_fields)
    assert State.model_validate({**dict(state), **update})
    assert name in update["timings"]


def test_intake_leaves_nothing_of_an_earlier_inspection():
    before = State(image=an_image(), reference=some_evidence(), attempts=(an_attempt(),), escalation_level=2)
    given = InspectionInput(image=an_image())
    after = State.model_validate({**dict(before), **intake(given, resources())})
    told = {"image", "request", "timings"}
    assert after.model_dump(exclude=told) == State().model_dump(exclude=told)


def test_no_image_is_an_error_that_says_what_to_do():
    with pytest.raises(ImageError, match="no image was given"):
        intake(InspectionInput(), resources())


def test_a_decision_maker_that_is_not_there_is_named():
    with pytest.raises(ModelError, match="nonsense"):
        decision_maker(State(image=an_image(), reference=some_evidence()), resources(mllm="nonsense"))


@pytest.mark.parametrize(
    ("evidence", "attempts", "settings", "config", "follows"),
    [
        (some_evidence(), (an_attempt("normal"),), {}, {}, "decided"),
        (some_evidence(), (an_attempt("defective"),), {}, {}, "decided"),
        (some_evidence(), (an_attempt(),), {}, {}, "unsure: look again"),
        (some_evidence(), (an_attempt(),), {"max_attempts": 1}, {}, "decided"),
        (some_evidence(), (an_attempt(),), {"profile": "paper"}, {}, "decided"),
        (some_evidence(escalation_level=2), (an_attempt(),) * 3, {"max_attempts": 5}, {}, "decided"),
        (some_evidence(product=None), (an_attempt(),), {"human_review": True}, WAITING, "ask a person"),
        (some_evidence(product=None, p_value=None), (an_attempt(),), {"human_review": True}, {}, "decided"),
        (some_evidence(p_value=None), (an_attempt(),), {"human_review": True}, WAITING, "ask a person"),
        (some_evidence(p_value=None), (an_attempt(),), {}, WAITING, "decided"),
    ],
)
def test_where_a_decision_leads(evidence, attempts, settings, config, follows):
    if evidence.product is None:
        evidence = evidence.model_copy(update={"p_value": None})
    state = State(image=an_image(), reference=evidence, attempts=attempts)
    assert after_decision(state, Runtime(context=Context(**settings)), config) == follows


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
    (message,) = responder(state, resources())["messages"]
    assert message.content.startswith("plate: normal, 60 % sure, uncalibrated. As others.")


@pytest.mark.parametrize(
    ("settings", "follows"),
    [
        ({"profile": "never"}, "clear"),
        ({"experts": ("reference",), "profile": "always"}, "clear"),
        ({"profile": "always"}, "weigh step by step"),
    ],
)
def test_reasoning_can_be_switched(settings, follows):
    state = State(image=an_image(), reference=some_evidence())
    assert after_router(state.model_copy(update=router(state, resources(**settings)))) == follows
