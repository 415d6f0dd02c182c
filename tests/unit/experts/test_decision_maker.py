"""Whose evidence the Decision Maker uses: that of the experts who take part and whom the router chose."""

from types import SimpleNamespace

import pytest

from echo_agent.experts.checklist import checklist
from echo_agent.experts.decision_maker import decision_maker
from echo_agent.experts.router import router
from echo_agent.mllm.decider import MllmDecider
from echo_agent.state import KnowledgeEvidence, Question, State, ToleranceFinding, Trace, TraceStep
from tests.inspection import an_image, resources, some_evidence
from tests.scripted_mllm import FakeScorer, FakeWriter
from tests.verdicts import a_region

REJECTED = {"score": 3.0, "p_value": 0.05, "tail_p_value": 0.001, "regions": (a_region(),)}
QUESTIONS = {
    "discrimination": "Is there any defect in the object?",
    "type": "What is the type of the defect?",
    "place": "Where is the defect?",
    "look": "What does the defect look like?",
    "effect": "What effect does the defect have?",
    "object": "What is the object made of?",
}


def finding(outcome):
    return ToleranceFinding(
        id="T1",
        rule="any: area at most 120 px2",
        defect_type="any",
        region="R1",
        outcome=outcome,
        measured=100.0 if outcome == "within" else 240.0,
        measured_low=90.0,
        measured_high=110.0,
        limit=120.0,
        unit="px2",
        reason=f"The area of R1 is {outcome}.",
    )


def routed(question=None, outcome="within", **settings):
    """A part that its references reject, with a tolerance, behind the router."""
    state = State(
        image=an_image(),
        reference=some_evidence(**REJECTED),
        knowledge=KnowledgeEvidence(product="plate", tolerances=(finding(outcome),)),
        question=None if question is None else Question(text=QUESTIONS[question]),
        trace=Trace(steps=(TraceStep(kind="observe", text="A line.", evidence=("R1",)),)),
    )
    state = state.model_copy(update=checklist(state, resources(**settings)))
    return state.model_copy(update=router(state, resources(**settings)))


def decided(state, **settings):
    return decision_maker(state, resources(**settings))["attempts"][-1]


def test_the_paper_s_table_shows_a_judgement_the_references_alone():
    by_all = routed(profile="adaptive")
    assert decided(by_all).label == "normal"
    by_paper = routed(profile="paper")
    assert by_paper.route.use == ("reference",)
    assert decided(by_paper, profile="paper").label == "defective"
    assert decided(by_paper, profile="paper").path == "fast"


def test_the_image_alone_gives_nothing_to_measure():
    attempt = decided(routed("place", profile="paper"), profile="paper")
    assert attempt.label == "review"
    assert "take no part" in attempt.reasons[0].text


@pytest.mark.parametrize("left_out", ["reference", "knowledge", "reasoning"])
def test_an_expert_that_is_left_out_decides_nothing(left_out):
    experts = tuple(name for name in ("reference", "knowledge", "reasoning") if name != left_out)
    attempt = decided(routed(experts=experts, profile="always"), experts=experts)
    expected = {"reference": "review", "knowledge": "defective", "reasoning": "normal"}
    assert attempt.label == expected[left_out]
    assert attempt.path == ("fast" if left_out == "reasoning" else "reasoned")


class Folder:
    """A memory that keeps nothing."""

    def __init__(self, folder):
        self.folder = folder

    def product(self, name):
        return SimpleNamespace(name=name, references=())

    def normal_scores(self, product):
        return ()

    def counted(self, image, product):
        return image


@pytest.fixture
def scorer():
    """Is sure that every part is good."""
    return FakeScorer(0.01)


@pytest.fixture
def model(scorer, tmp_path):
    """A model that scores so, and a memory."""
    return {"decider": MllmDecider(scorer, FakeWriter("Here.")), "memory": Folder(tmp_path)}


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("discrimination", {"score"}),
        ("type", {"score", "tolerance"}),
        ("place", set()),
        ("look", {"score", "tolerance", "Reasoning so far"}),
        ("effect", {"score", "Reasoning so far"}),
        ("object", {"score"}),
    ],
)
def test_a_model_sees_what_the_paper_s_table_says(model, scorer, question, shown):
    decided(routed(question, "exceeds", profile="paper"), profile="paper", **model)
    told = str(scorer.prompts[-1].content[-1])
    assert {word for word in ("score", "tolerance", "Reasoning so far") if word in told} == shown


@pytest.mark.parametrize(("profile", "orders"), [("paper", 1), ("adaptive", 2)])
def test_the_paper_s_decision_maker_is_asked_once_a_question(model, scorer, profile, orders):
    decided(routed("type", profile=profile), profile=profile, **model)
    assert scorer.orders[-1] == orders


@pytest.mark.parametrize("question", [*QUESTIONS, None])
@pytest.mark.parametrize("profile", ["paper", "adaptive"])
def test_a_model_cannot_pass_what_is_rejected_by_evidence_that_it_was_not_shown(model, question, profile):
    attempt = decided(routed(question, "exceeds", profile=profile), profile=profile, **model)
    assert attempt.label == "review"
    assert "Disagreement" in " ".join(map(str, attempt.reasons))


def test_without_the_references_the_model_decides_alone(model):
    attempt = decided(routed(experts=("reasoning",)), experts=("reasoning",), **model)
    assert attempt.label == "normal"
